"""Counting against inspect_scout's ``grep_scanner``: the same traces, the same list, one core.

``python benchmarks/counting/scout.py --python PATH`` takes two minutes. PATH is the Python of an environment
with inspect_scout (``python -m venv scout && scout/bin/pip install inspect_scout``), for ``scout_peer.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import report
from corpus import HERE, MEGA, bytes_of, corpus, keep, machine, seconds

from reasonlens.lexicon import definition
from reasonlens.lexicon.count import count_table

ROUNDS = 5
LIST = HERE / "dense.toml"


def absent(python: str) -> str:
    """Return why the peer cannot be run with `python`; an empty text if it can."""
    asked = "import inspect_ai, inspect_scout"
    try:
        done = subprocess.run([python, "-c", asked], capture_output=True, text=True)
    except OSError as error:
        return str(error)
    return done.stderr.strip().rpartition("\n")[2] if done.returncode else ""


def patterns() -> dict[str, list[str]]:
    """Return the entries by category."""
    return {c.name: [e.text for e in c.entries] for c in definition.load(str(LIST)).categories}


def run(command: list[str | Path], folder: Path) -> tuple[dict[str, Any], float]:
    """Run a program on the one core of this process; return its last line of JSON and its processor time."""
    found: dict[str, Any] = {}
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}

    def work() -> None:
        done = subprocess.run(
            [str(x) for x in command], capture_output=True, text=True, cwd=folder, env=environment
        )
        if done.returncode:
            raise SystemExit(f"{command[1]} failed: {done.stderr[-2000:]}")
        last = done.stdout.strip().rpartition("\n")[2]
        if last.startswith("{"):
            found.update(json.loads(last))

    return found, seconds(work)


def in_memory(texts: list[str]) -> float:
    """Return the processor time of `count_table`, the median of some rounds."""
    lexicon = definition.load(str(LIST))
    table = pa.table({"trace_id": [str(i) for i in range(len(texts))], "response": texts})
    count_table(table.slice(0, 10), [lexicon])  # builds tables
    return statistics.median(seconds(lambda: count_table(table, [lexicon])) for _ in range(ROUNDS))


def row(what: str, ours: float, theirs: float) -> dict[str, Any]:
    """Return both speeds in MB of text per processor second, and their ratio."""
    return {
        "what": what,
        "reasonlens_mb_per_s": float(f"{ours:.3g}"),
        "grep_scanner_mb_per_s": float(f"{theirs:.3g}"),
        "ours_is_faster_by": float(f"{ours / theirs:.3g}"),
    }


def compared(python: str, traces: int, folder: Path) -> dict[str, Any]:
    """Return the speeds of both, and how many hits they found."""
    texts, what = corpus(1000 / MEGA * traces * 4)  # traces have 3 kB on average
    texts, source = texts[:traces], folder / "traces.jsonl"
    lines = (json.dumps({"trace_id": str(i), "response": text}) for i, text in enumerate(texts))
    source.write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "patterns.json").write_text(json.dumps(patterns()), "utf-8")
    found: dict[str, Any] = {"machine": machine(), "corpus": what, "traces": len(texts)}
    mb = bytes_of(texts) / MEGA
    peer, peer_all = run([python, HERE / "scout_peer.py", source, folder / "patterns.json"], folder)
    target = folder / "counts.parquet"
    command = [sys.executable, HERE / "to_parquet.py", "reasonlens", source, target, LIST, "1"]
    files = statistics.median(run(command, folder)[0]["cpu_s"] for _ in range(ROUNDS))
    _, tokens = run(
        [sys.executable, "-m", "reasonlens", "tokens", source, "--lexicon", LIST, "--study", "s"], folder
    )
    alone = peer["in_memory"]["mb"] / peer["in_memory"]["cpu_s"]
    started = peer_all - peer["in_memory"]["cpu_s"]
    rows = [
        row("texts in memory to counts", mb / in_memory(texts), alone),
        row("traces on disk to counts on disk, without imports", mb / files, mb / peer["whole"]["cpu_s"]),
        row("`reasonlens tokens` with start-up, rates and figure", mb / tokens, mb / started),
    ]
    hits = {"reasonlens": hits_of(target), "grep_scanner": peer["whole"]["hits"]}
    return {**found, "mb": round(mb, 2), "inspect_scout": peer["version"], "rows": rows, "hits": hits}


def hits_of(path: Path) -> int:
    """Return how many hits the counts have together."""
    return sum(sum(n) for n in pq.read_table(path, columns=["n"]).column(0).to_pylist())


def main() -> None:
    """Measure, print, keep, and rewrite the tables of the README."""
    parser = argparse.ArgumentParser(description="Counting against inspect_scout's grep_scanner.")
    parser.add_argument("--python", default=sys.executable, help="of the environment that has inspect_scout")
    parser.add_argument("--traces", type=int, default=2000)
    options = parser.parse_args()
    why = absent(options.python)
    if why:
        print(f"inspect_scout is not measured: {options.python} does not have it ({why})")
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory(prefix="reasonlens-bench-") as folder:
        results = compared(options.python, options.traces, Path(folder))
    keep("inspect_scout", results)
    print(report.table(results["rows"], report.SCOUT))
    print(f"hits: {results['hits']}")
    report.main()


if __name__ == "__main__":
    main()
