"""Calls to a judge: cost in processor time, throughput, rate limits, faults, kills and power cuts.

``python benchmarks/judge/run.py`` runs everything against one fake server in its own process, prints a table
and writes ``results.json`` and ``README.md``. Peers are clients of the openai package as they are usually
written; each client runs in a process of its own. ``--only NAME`` picks experiments, ``--kills`` and
``--cuts`` set the trials. ``--curator-python PATH`` names the Python of an environment with
bespokelabs-curator, which is then measured, too.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from page import page

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODEL = "fake-judge"


@contextmanager
def server(**settings: Any) -> Iterator[str]:
    """Run the fake server in its own process and yield its address."""
    told = json.dumps({"keep_bodies": False, **settings})
    command = [sys.executable, "-m", "tests.calls.fake_server", "0", told]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def stats(url: str) -> dict[str, int]:
    """Return what the server has answered."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as reply:
        return dict(json.load(reply))


def client(name: str, url: str, *, curator: Path | None = None, **settings: Any) -> dict[str, Any]:
    """Run a client of `clients.py` in a process of its own and return its report."""
    told = json.dumps({"url": url, **settings})
    command = [sys.executable, str(HERE / "clients.py"), name, told]
    if curator is not None:
        command = [str(curator), str(HERE / "curator_client.py"), told]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=900)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def cpu(options: argparse.Namespace) -> dict[str, Any]:
    """Processor milliseconds for one judgement: no latency, 64 at once, prompts of 8 KB."""
    found: dict[str, list[float]] = {}
    names = ["reasonlens", "aiohttp", "openai create", "openai parse"]
    for _ in range(3):
        for name in [*names, *(["curator"] if options.curator_python else [])]:
            with server() as url:
                given = {"n": 600 if name.startswith("openai") else 3000, "size": 8000, "concurrency": 64}
                other = options.curator_python if name == "curator" else None
                report = client(name, url, curator=other, **given)
                if report["ok"] != given["n"]:
                    raise SystemExit(f"{name} answered {report['ok']} of {given['n']}")
                found.setdefault(name, []).append(report["cpu_ms"])
    best = {name: round(min(values), 3) for name, values in found.items()}
    ratios = {f"{name} : reasonlens": round(best[name] / best["reasonlens"], 2) for name in best}
    return {"cpu_ms": best, **ratios}


def throughput(options: argparse.Namespace) -> dict[str, Any]:
    """Answers a second, 1,000 at once: with quick answers (clients are the limit) and with slow ones."""
    found: dict[str, Any] = {}
    for kind, latency in (("0.1 to 0.3 s", 0.1), ("1 to 3 s", 1.0)):
        given: dict[str, Any] = {"n": 5000, "concurrency": 1000}
        possible = given["n"] / no_client(latency=latency, spread=2 * latency, **given)
        made: dict[str, Any] = {"possible": round(possible)}
        for name in ("reasonlens", "openai parse"):
            with server(latency=latency, spread=2 * latency) as url:
                report = client(name, url, size=8000, **given)
                made[name] = {key: report[key] for key in ("per_second", "cpu_ms", "peak_mb", "ok")}
        ratio = made["reasonlens"]["per_second"] / made["openai parse"]["per_second"]
        found[kind] = {**made, "reasonlens : openai parse": round(ratio, 2)}
    return found


def no_client(*, n: int, concurrency: int, latency: float, spread: float) -> float:
    """Return the seconds that `n` answers take if asking and reading took no time, start and end included."""
    rng = random.Random(0)
    ends = [0.0] * concurrency
    for _ in range(n):
        heapq.heapreplace(ends, ends[0] + latency + spread * rng.random())
    return max(ends)


def rate_limit(options: argparse.Namespace) -> dict[str, Any]:
    """600 requests against a limit of 40 a second, 128 at once."""
    found = {}
    for name in ("reasonlens", "openai parse"):
        with server(rate=40.0, retry_after="1") as url:
            report = client(name, url, n=600, size=2000, concurrency=128)
            possible = 40 + 40 * report["seconds"]  # the bucket is full at the start
            found[name] = {
                "lost": 600 - report["ok"],
                "share of the limit": round(report["ok"] / possible, 3),
                "too many requests": stats(url)["limited"],
            }
    return found


def faults(options: argparse.Namespace) -> dict[str, Any]:
    """800 items, 644 distinct, with every kind of fault: all accounted for, nothing billed twice."""
    found = {}
    for name in ("reasonlens", "openai parse"):
        with server(latency=0.05) as url:
            report = client(
                name, url, n=800, distinct=644, size=2000, concurrency=32, faults=True, timeout=3.0
            )
            seen = stats(url)
            found[name] = {
                "accounted": report["accounted"],
                "with an answer": report["ok"],
                "lost": 800 - report["ok"],
                "billed beyond one each": seen["answered"] - 644,
                "answers that were broken": report["broken"],
            }
    return found


def kills(options: argparse.Namespace) -> dict[str, Any]:
    """Kill -9 after a random number of answers, then run again: what was paid twice, what was lost."""
    rng, twice, lost = random.Random(1), [], 0
    given = {"n": 300, "size": 500, "concurrency": 16}
    for _ in range(options.kills):
        with server(latency=0.02) as url, tempfile.TemporaryDirectory() as folder:
            told = json.dumps({"url": url, "journal": f"{folder}/j", **given})
            command = [sys.executable, str(HERE / "clients.py"), "reasonlens", told]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
            enough = rng.randrange(1, 284)
            while stats(url)["answered"] < enough:
                time.sleep(0.003)
            process.kill()
            process.wait()
            report = client("reasonlens", url, journal=f"{folder}/j", **given)
            lost += 300 - report["ok"]
            twice.append(stats(url)["answered"] - 300)
    return {
        "trials": options.kills,
        "in flight": 16,
        "paid twice, most": max(twice),
        "paid twice, mean": round(statistics.mean(twice), 1),
        "lost": lost,
    }


def power_cuts(options: argparse.Namespace) -> dict[str, Any]:
    """Stop a writer, copy the disk under its file system, mount the copy: is every acknowledged row there?

    The copy holds what had reached the disk (a loop device); what was only in memory is gone, as when
    the power fails. Writes that a drive itself reorders are not simulated. Needs to be root.
    """
    if os.geteuid() or not shutil.which("mkfs.ext4"):
        return {"skipped": "needs root, mkfs.ext4 and loop devices"}
    rng, lost, acknowledged = random.Random(2), 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(options.cuts):
            image, at = folder / "disk", folder / "at"
            at.mkdir(exist_ok=True)
            with image.open("wb") as file:
                file.truncate(64 * 2**20)
            subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
            subprocess.run(["mount", "-o", "loop", str(image), str(at)], check=True)
            try:
                shown = _stopped_writer(at / "journal.sqlite", rng.uniform(0.1, 0.5))
                subprocess.run(["cp", "--sparse=always", str(image), str(folder / "copy")], check=True)
            finally:
                subprocess.run(["umount", str(at)], check=True)
            subprocess.run(["mount", "-o", "loop", str(folder / "copy"), str(at)], check=True)
            try:
                known = client("keys", "", journal=str(at / "journal.sqlite"))["keys"]
            finally:
                subprocess.run(["umount", str(at)], check=True)
            acknowledged += shown
            lost += max(0, shown - known)
    return {"trials": options.cuts, "acknowledged": acknowledged, "lost": lost}


def _stopped_writer(journal: Path, seconds: float) -> int:
    """Let a writer run, stop it, and return how many rows it had acknowledged."""
    command = [
        sys.executable,
        str(HERE / "clients.py"),
        "writer",
        json.dumps({"url": "", "journal": str(journal)}),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.05)
    os.set_blocking(process.stdout.fileno(), False)
    lines = (first + (process.stdout.read() or "")).rsplit("\n", 1)[0].split()
    process.kill()
    process.stdout.close()
    process.wait()
    return int(lines[-1]) if lines else 0


def resume(options: argparse.Namespace) -> dict[str, Any]:
    """Seconds until a journal of 100,000 answers tells what it holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/journal.sqlite"
        client("fill", "", journal=path, n=100_000)
        return {"keys": 100_000, "seconds": client("keys", "", journal=path)["seconds"]}


EXPERIMENTS = (cpu, throughput, rate_limit, faults, kills, power_cuts, resume)


def version_in(python: Path, package: str) -> str:
    """Return the version of a package in another environment."""
    asked = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Run, print and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=[e.__name__ for e in EXPERIMENTS])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument(
        "--curator-python", type=Path, help="Python of an environment with bespokelabs-curator; else left out"
    )
    options = parser.parse_args()
    if options.curator_python is None:
        print("bespokelabs-curator is left out: name the Python of its environment with --curator-python")
    elif not options.curator_python.is_file():
        parser.error(f"--curator-python {options.curator_python}: there is no such program")
    path = HERE / "results.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    for experiment in EXPERIMENTS:
        if options.only and experiment.__name__ not in options.only:
            continue
        found = experiment(options)
        kept[experiment.__name__] = found
        print(f"\n{experiment.__name__}: {(experiment.__doc__ or '').splitlines()[0]}")
        print(json.dumps(found, indent=1))
    versions = {name: metadata.version(name) for name in ("aiohttp", "openai")}
    if options.curator_python:
        versions["bespokelabs-curator"] = version_in(options.curator_python, "bespokelabs-curator")
    kept["about"] = {"date": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count(), **versions}
    path.write_text(json.dumps(kept, indent=1) + "\n")
    (HERE / "README.md").write_text(page(kept))


if __name__ == "__main__":
    main()
