"""Coverage and size of the wider statistics (scores, counts, labels), by simulation.

``python benchmarks/coverage/wider.py [repetitions] [part of a name] [--again]`` runs the settings that
``wider.json`` beside it lacks (those whose name has the part; with ``--again`` all), stores each as it comes
and prints the table. It works in two processes and stops after four minutes with what it has; the
same command goes on from there. Every setting has its own seed, so that a part gives the same
numbers as a full run. A file of other repetitions or versions is begun anew.
"""

from __future__ import annotations

import json
import platform
import sys
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from pathlib import Path

import numpy as np
from tally import Found
from wider_counts import COUNTS
from wider_labels import LABELS
from wider_scores import SCORES
from wider_table import table

SEED = 20250527
SETTINGS = {**SCORES, **COUNTS, **LABELS}
TARGET = (0.93, 0.97)
SIZE = 0.065
FILE = Path(__file__).with_name("wider.json")
JOBS = 2
SECONDS = 240.0


def run(job: tuple[str, int]) -> Found:
    """Run one setting with its own seed."""
    name, reps = job
    return SETTINGS[name](reps, np.random.default_rng([SEED, zlib.crc32(name.encode())]))


def main(reps: int = 1000, only: str = "", *, again: bool = False, seconds: float = SECONDS) -> None:
    """Run the settings that are missing or asked for, store each, and print the table."""
    begun, about = time.monotonic(), _about(reps)
    stored: dict[str, Found] = {}
    if FILE.exists():
        found = json.loads(FILE.read_text("utf-8"))
        if found["about"] == about:
            stored = found["results"]
        elif only:
            print("not stored: wider.json is of other repetitions or versions")
            return
    todo = [name for name in SETTINGS if only in name and (again or only or name not in stored)]
    with ProcessPoolExecutor(JOBS) as pool:
        for start in range(0, len(todo), JOBS):
            if time.monotonic() - begun > seconds:
                print(f"{len(todo) - start} settings are left: run the same command again")
                break
            some = todo[start : start + JOBS]
            for name, result in zip(some, pool.map(run, [(name, reps) for name in some]), strict=True):
                stored[name] = result
                for method, row in result.items():
                    print(f"{name:50s} {method:42s} {_line(row)}", flush=True)
            _store(about, {name: stored[name] for name in SETTINGS if name in stored})
    print(table({name: stored[name] for name in SETTINGS if name in stored}))


def _store(about: dict[str, object], results: dict[str, Found]) -> None:
    text = json.dumps({"about": about, "results": results}, indent=1)
    part = FILE.with_suffix(".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(FILE)


def _about(reps: int) -> dict[str, object]:
    return {
        "level": 0.95,
        "repetitions": reps,
        "seed": SEED,
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "scipy": metadata.version("scipy"),
    }


def _line(row: dict[str, float]) -> str:
    parts = []
    if "coverage" in row:
        mark = " " if TARGET[0] <= row["coverage"] <= TARGET[1] else "!"
        parts.append(f"coverage {row['coverage']:.3f}{mark}")
    if "rejected" in row:
        parts.append(f"rejected {row['rejected']:.3f}{' ' if row['rejected'] <= SIZE else '!'}")
    if row["undefined"]:
        parts.append(f"(n = {row['n']:g}, not given {row['undefined']:g})")
    return "  ".join(parts)


if __name__ == "__main__":
    given = [a for a in sys.argv[1:] if a != "--again"]
    main(*[int(a) for a in given[:1]], *given[1:2], again="--again" in sys.argv)
