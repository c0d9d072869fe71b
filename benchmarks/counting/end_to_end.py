"""The whole command on large files: speed on one and two processes, and memory.

``python benchmarks/counting/end_to_end.py`` writes JSON lines of 100 MB and of 1 GB into a
temporary folder, runs ``reasonlens tokens FILE --study DIR`` on them and measures what the
process and its workers use. It needs about three times the largest size on disk.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import report
from corpus import HERE, MEGA, SHARED, keep, machine

from reasonlens import sample

_SAMPLES = 8  # times that a problem occurs with other samples before it is taken for another problem
_TICK = os.sysconf("SC_CLK_TCK")


def rows() -> list[dict[str, Any]]:
    """Return the published traces, or the bundled sample."""
    files = sorted(SHARED.glob("*.jsonl.gz")) if SHARED.is_dir() else [sample.path()]
    found = []
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open() as lines:
            found += [json.loads(line) for line in lines]
    return found


def repeated(found: list[dict[str, Any]]) -> Iterator[bytes]:
    """Yield lines without end: every pass has other sample numbers, every eighth other problems."""
    for number in itertools.count():
        for row in found:
            copy = number // _SAMPLES
            made = {**row, "sample": number % _SAMPLES + (row.get("sample") or 0) * _SAMPLES}
            if copy:
                made |= {"problem_id": f"{row['problem_id']}-{copy}", "problem": f"({copy}) {row['problem']}"}
            yield json.dumps(made).encode() + b"\n"


def write(path: Path, size: float, found: list[dict[str, Any]]) -> int:
    """Write about `size` million bytes; return how many rows that are."""
    n = 0
    with path.open("wb") as file:
        for line in repeated(found):
            file.write(line)
            n += 1
            if file.tell() >= size * MEGA:
                break
    return n


@dataclass
class Usage:
    """What the processes of one session used, as ``/proc`` told while they ran."""

    leader: int
    ticks: dict[int, int] = field(default_factory=dict)
    peak: dict[int, int] = field(default_factory=dict)

    def look(self) -> None:
        """Read the counters of every process of the session."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) != self.leader:
                    continue
                status = (entry / "status").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            pid = int(entry.name)
            self.ticks[pid] = int(fields[11]) + int(fields[12])
            if "VmHWM:" in status:
                self.peak[pid] = int(status.partition("VmHWM:")[2].split()[0])

    def as_dict(self) -> dict[str, float]:
        """Return processor seconds, and peak memory in MB of the first process and of the largest other."""
        others = [kib for pid, kib in self.peak.items() if pid != self.leader]
        return {
            "cpu_s": round(sum(self.ticks.values()) / _TICK, 2),
            "parent_mb": round(self.peak.get(self.leader, 0) * 1.024e-3),
            "worker_mb": round(max(others, default=0) * 1.024e-3),
        }


def run_once(file: Path, study: Path, jobs: int, lexicon: str) -> dict[str, float]:
    """Run the command on a fresh study and return what it used."""
    shutil.rmtree(study, ignore_errors=True)
    command = [sys.executable, "-m", "reasonlens", "tokens", str(file), "--study", str(study)]
    begin = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--jobs", str(jobs), "--lexicon", lexicon],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    usage = Usage(process.pid)
    while process.poll() is None:
        usage.look()
        time.sleep(0.05)
    wall = time.perf_counter() - begin
    if process.returncode:
        raise SystemExit(process.stderr.read().decode() if process.stderr else "the command failed")
    found = usage.as_dict()
    size = file.stat().st_size / MEGA
    return {
        "mb": round(size),
        "jobs": jobs,
        "wall_s": round(wall, 2),
        **found,
        "mb_per_s": round(size / wall, 1),
        "mb_per_cpu_s": round(size / found["cpu_s"], 1),
    }


def middle(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of every measure over runs of the same kind."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description="The whole command on large files.")
    parser.add_argument("--sizes", type=float, nargs="+", default=[100, 1000], help="in MB")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--lexicon", default=str(HERE / "dense.toml"))
    options = parser.parse_args()
    found = rows()
    measured = []
    with tempfile.TemporaryDirectory(prefix="reasonlens-bench-") as folder:
        for size in options.sizes:
            file = Path(folder) / "traces.jsonl"
            n = write(file, size, found)
            runs: dict[int, list[dict[str, float]]] = {jobs: [] for jobs in options.jobs}
            for _ in range(options.rounds):
                for jobs in options.jobs:
                    runs[jobs].append(run_once(file, Path(folder) / "study", jobs, options.lexicon))
                    print(n, runs[jobs][-1], flush=True)
            measured += [{**middle(each), "traces": n} for each in runs.values()]
    lexicon = Path(options.lexicon).stem
    keep("end_to_end", {"machine": machine(), "lexicon": lexicon, "rounds": options.rounds, "runs": measured})
    report.main()
    print("\n" + pd.DataFrame(measured).to_string(index=False))


if __name__ == "__main__":
    main()
