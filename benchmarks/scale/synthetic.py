"""Statistics of millions of traces: time and peak memory of ``reasonlens tokens`` on counts that are made up.

``python benchmarks/scale/synthetic.py --traces 1 3`` (in millions) writes the tables of a study without
texts into a temporary folder, as counting would leave them, runs ``reasonlens tokens STUDY`` on it, and
checks that the sums are those that were written.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from reasonlens import Study
from reasonlens.core.tables import table
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import Lexicon
from reasonlens.readers._account import Account

HERE = Path(__file__).resolve().parent
KINDS = ("base", "zero_rl", "distilled", "teacher")
PER_PART = 2000  # traces of 16 MB of JSON lines at 8 kB each
PROBLEMS = 500
HITS = 8  # different entries in a trace, on average


def write_part(study: Study, lexicon: Lexicon, entries: list[tuple[str, str]], number: int) -> int:
    """Write one part of every table; return how many hits it has."""
    rng, part = np.random.default_rng(number), f"made-{number:06d}-x"
    first = number * PER_PART
    ids = pa.array([f"{first + i:024x}" for i in range(PER_PART)])
    problem, kind = rng.integers(PROBLEMS, size=PER_PART), rng.integers(len(KINDS), size=PER_PART)
    tokens = pa.array(rng.integers(500, 20000, PER_PART))
    known: dict[str, Any] = {
        "trace_id": ids,
        "problem_id": pa.array([f"p-{x}" for x in problem]),
        "dataset": pa.array([f"set-{x % 3}" for x in problem]),
        "model": pa.array([f"org/{KINDS[x]}" for x in kind]),
        "model_kind": pa.array([KINDS[x] for x in kind]),
        "condition": pa.array(["baseline"] * PER_PART),
        "n_model_tokens": tokens,
        "health": pa.array([["looping"] if x < 0.02 else [] for x in rng.random(PER_PART)]),
    }
    account = Account(rows=PER_PART, traces=PER_PART)
    study.write("traces", part, filled("traces", known), details={"account": account.as_dict()})
    words = rng.integers(300, 12000, PER_PART)
    sizes = {"trace_id": ids, "part": pa.array(["response"] * PER_PART), "n_model_tokens": tokens}
    sizes |= {"n_words": pa.array(words), "n_chars": pa.array(words * 5)}
    study.write("lengths", part, filled("lengths", sizes), "response")
    rows = np.repeat(np.arange(PER_PART), rng.poisson(HITS, PER_PART))
    pair = np.unique(rows * len(entries) + rng.integers(len(entries), size=len(rows)))
    rows, entry = pair // len(entries), pair % len(entries)
    n = rng.integers(1, 20, len(rows))
    counts: dict[str, Any] = {"trace_id": ids.take(pa.array(rows)), "n": pa.array(n, pa.int32())}
    counts |= {"category": pa.array([entries[x][0] for x in entry])}
    counts |= {"entry": pa.array([entries[x][1] for x in entry])}
    same = {"part": "response", "lexicon": lexicon.name, "version": lexicon.version, "digest": lexicon.digest}
    counts |= {name: pa.array([value] * len(rows)) for name, value in same.items()}
    folders = ("response", f"{lexicon.name}@{lexicon.digest}")
    study.write("counts", part, filled("counts", counts), *folders)
    return int(n.sum())


def filled(name: str, known: dict[str, Any]) -> pa.Table:
    """Return a table of the study, with nulls in the columns that are not given."""
    schema, n = table(name).schema, len(known["trace_id"])
    return pa.table(
        {x.name: known[x.name].cast(x.type) if x.name in known else pa.nulls(n, x.type) for x in schema}
    )


def peak_of(command: list[str]) -> dict[str, float]:
    """Run a command; return its time and the most memory that it and its processes had at one moment."""
    begin, highest = time.perf_counter(), {"all": 0, "one": 0}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )

    def look() -> None:
        while process.poll() is None:
            kib = [rss for rss in (rss_of(x, process.pid) for x in Path("/proc").iterdir()) if rss]
            highest["all"] = max(highest["all"], sum(kib))
            highest["one"] = max(highest["one"], *kib, 0)
            time.sleep(0.1)

    watcher = threading.Thread(target=look)
    watcher.start()
    _, said = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(said.decode())
    return {
        "wall_s": round(time.perf_counter() - begin, 1),
        "largest_process_mb": round(highest["one"] * 1.024e-3),
        "all_processes_mb": round(highest["all"] * 1.024e-3),
    }


def rss_of(entry: Path, session: int) -> int:
    """Return the resident memory of a process of the session in KiB, else 0."""
    try:
        if not entry.name.isdigit() or os.getsid(int(entry.name)) != session:
            return 0
        status = (entry / "status").read_text()
    except OSError:
        return 0
    return int(status.partition("VmRSS:")[2].split()[0]) if "VmRSS:" in status else 0


def check(study: Path, hits: int, traces: int, out: Path) -> None:
    """Stop unless the report counts every trace and hit that was written."""
    from reasonlens.workflow.run import Plan
    from reasonlens.workflow.tokens import sums_of_study

    if out.stat().st_size == 0:
        raise SystemExit("no estimates were written")
    sums = sums_of_study(Study(study), Plan(study, lexicons=(definition.load("flexible_reasoning"),)), jobs=1)
    if (sums.n_traces, int(sums.hits["hits"].sum())) != (traces, hits):
        raise SystemExit(
            f"{sums.n_traces} traces and {sums.hits['hits'].sum()} hits, not {traces} and {hits}"
        )


def main() -> None:
    """Write, run, measure, and keep."""
    parser = argparse.ArgumentParser(description="Statistics of millions of traces.")
    parser.add_argument("--traces", type=float, nargs="+", default=[1, 3], help="in millions")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the study there; larger ones add parts to it")
    options = parser.parse_args()
    lexicon = definition.load("flexible_reasoning")
    entries = [(c.name, e.text) for c in lexicon.categories for e in c.entries]
    runs, hits, done = [], 0, 0
    with tempfile.TemporaryDirectory(prefix="reasonlens-scale-") as temporary:
        folder = (options.folder or Path(temporary)) / "study"
        study = Study(folder, create=True)
        for millions in sorted(options.traces):
            parts = round(millions * 1e6 / PER_PART)
            for number in range(done, parts):
                hits += write_part(study, lexicon, entries, number)
            done, out = parts, Path(temporary) / "rates.csv"
            command = [sys.executable, "-m", "reasonlens", "tokens", str(folder), "--out", str(out)]
            found = {"traces": parts * PER_PART, "parts": parts, "jobs": options.jobs}
            found |= {"load": round(os.getloadavg()[0], 1)}
            found |= peak_of([*command, "--jobs", str(options.jobs)])
            check(folder, hits, parts * PER_PART, out)
            runs.append(found)
            print(found, flush=True)
    about = {"date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "cores": os.cpu_count()}
    about |= {"problems": PROBLEMS, "models": len(KINDS), "hits_per_trace": HITS}
    HERE.joinpath("results.json").write_text(json.dumps({**about, "runs": runs}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
