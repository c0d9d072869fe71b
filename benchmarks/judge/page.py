"""The page about the results: what was wanted, what was measured, and what was not."""

from __future__ import annotations

from typing import Any

__all__ = ["page"]

_HEAD = """# Calls to a judge

`python benchmarks/judge/run.py` asks one fake server (its own process, `tests/calls/fake_server.py`) through
`reasonlens.calls` and through the `openai` package as it is usually written (`clients.py`: one task for each
item under a semaphore, retries by the package). Each client runs in a process of its own. This page is
written by the run, which takes about five minutes on two cores. bespokelabs-curator lives in an environment
of its own:

```
python -m venv FOLDER && FOLDER/bin/pip install bespokelabs-curator
python benchmarks/judge/run.py --curator-python FOLDER/bin/python
```

| | Wanted | Measured |
|---|---|---|
"""

_TAIL = """
- **Durable** means: committed to SQLite with full synchronization before anything reads the answer. The
  clients of the openai package keep nothing, so they do less work for each call.
- **Billed beyond one each**: answers that the server made beyond one for each distinct item. Broken answers
  (bad JSON, another schema, cut off) are billed by their nature and asked for again.
- **Kill**: at a random number of answers, then the same run again. What is on its way when a process dies
  cannot be known to it; with Ctrl-C or SIGTERM nothing is lost.
- **Power cut**: a writer on a loop-mounted ext4 disk is stopped, the disk image copied, the copy mounted and
  read. What was only in memory is gone, as when the power fails; writes that a drive reorders are not
  simulated.
- **Answers a second** depend on the client only where answers are quick (0.1 to 0.3 s): that row compares
  clients. With 1 to 3 s and 1,000 at once the wait is the limit, a client that took no time would get what
  stands in brackets (5,000 answers, with start and end), and 9 times `parse` is more than that wherever
  `parse` gets more than a ninth of it.
- **aiohttp alone** keeps nothing, asks nothing again and checks nothing: what is above it is the price of the
  journal, the key of each request, the checks and the pacing.
- **curator** writes its answers to a file that is not synchronized. It is measured without its telemetry and
  without its tokenizer, which has to be downloaded and runs on every prompt (`curator_client.py`): a user
  pays more than this.
- Processor time is the smallest of three runs. Wall times on a shared machine vary by a third.

`--only NAME` runs one experiment and keeps the other results, `--kills N` and `--cuts N` set the trials.
"""


def page(found: dict[str, Any]) -> str:
    """Return the page as Markdown; experiments that were not run are left out."""
    rows = [row for name, made in _ROWS.items() if name in found for row in made(found[name])]
    about = ", ".join(f"{name} {value}" for name, value in found["about"].items() if name != "date")
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"{_HEAD}{table}\n{found['about']['date']}; {about}.\n{_TAIL}"


_Row = tuple[str, str, str]


def _cpu(found: dict[str, Any]) -> list[_Row]:
    ms = found["cpu_ms"]

    def times(name: str) -> str:
        return f"{found[f'{name} : reasonlens']} ({ms[name]:.2f} ms)"

    rows = [
        ("Processor time of a durable judgement", "", f"{ms['reasonlens']:.2f} ms"),
        ("... of `AsyncOpenAI.parse`, as a multiple", "at least 6", times("openai parse")),
        ("... of `AsyncOpenAI.create`, as a multiple", "", times("openai create")),
        ("... of aiohttp alone, as a multiple", "", times("aiohttp")),
    ]
    curator = times("curator") if "curator" in ms else "not run (`--curator-python`)"
    return [*rows, ("... of bespokelabs-curator, as a multiple", "at least 5", curator)]


def _throughput(found: dict[str, Any]) -> list[_Row]:
    rows = []
    for latency, made in found.items():
        ours, theirs = made["reasonlens"], made["openai parse"]
        speed = f"{ours['per_second']:,.0f} against {theirs['per_second']:,.0f}"
        times = f"{made['reasonlens : openai parse']} times ({speed}; at most {made['possible']:,} possible)"
        wanted = "9 times `parse`" if 9 * theirs["per_second"] <= made["possible"] else "all that is possible"
        rows.append((f"Answers a second, 1,000 at once, latency {latency}", wanted, times))
        share = f"{100 * ours['per_second'] / made['possible']:.0f}%"
        other = f"{100 * theirs['per_second'] / made['possible']:.0f}%"
        rows.append(("... share of what is possible", "", f"{share} (`parse`: {other})"))
        memory = f"{ours['peak_mb']} MB against {theirs['peak_mb']} MB"
        rows.append(("... processor time, as a multiple", "", f"{theirs['cpu_ms'] / ours['cpu_ms']:.1f}"))
        rows.append(("... peak memory", "", memory))
    return rows


def _rate_limit(found: dict[str, Any]) -> list[_Row]:
    ours, theirs = found["reasonlens"], found["openai parse"]
    return [
        (
            "600 requests, limit of 40 a second: share of the limit used",
            "at least 95%",
            f"{100 * ours['share of the limit']:.1f}%",
        ),
        ("... lost", "0", f"{ours['lost']} (`parse`: {theirs['lost']})"),
        (
            '... answers "too many requests"',
            "",
            f"{ours['too many requests']} (`parse`: {theirs['too many requests']})",
        ),
    ]


def _faults(found: dict[str, Any]) -> list[_Row]:
    ours, theirs = found["reasonlens"], found["openai parse"]
    extra, broken = "billed beyond one each", "answers that were broken"
    return [
        ("800 items with every fault: accounted for", "800", str(ours["accounted"])),
        ("... without an answer", "0", f"{ours['lost']} (`parse`: {theirs['lost']})"),
        (
            f"... billed beyond one each ({ours[broken]} answers were broken)",
            str(ours[broken]),
            f"{ours[extra]} (`parse`: {theirs[extra]})",
        ),
    ]


def _kills(found: dict[str, Any]) -> list[_Row]:
    most, mean = found["paid twice, most"], found["paid twice, mean"]
    return [
        (
            f"{found['trials']} kills (-9): paid twice",
            f"at most {found['in flight']}, those in flight",
            f"at most {most}, mean {mean}",
        ),
        ("... lost", "0", str(found["lost"])),
    ]


def _power_cuts(found: dict[str, Any]) -> list[_Row]:
    if "skipped" in found:
        return [("Power cuts", "0 lost", f"not run: {found['skipped']}")]
    rows = f"{found['lost']} of {found['acknowledged']:,}"
    return [(f"{found['trials']} power cuts: acknowledged rows lost", "0", rows)]


def _resume(found: dict[str, Any]) -> list[_Row]:
    return [(f"A journal of {found['keys']:,} answers is read", "below 1 s", f"{found['seconds']} s")]


_ROWS = {
    "cpu": _cpu,
    "throughput": _throughput,
    "rate_limit": _rate_limit,
    "faults": _faults,
    "kills": _kills,
    "power_cuts": _power_cuts,
    "resume": _resume,
}
