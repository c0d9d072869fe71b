"""Coverage and size of the wider statistics (scores, counts, labels), by simulation.

``python benchmarks/coverage/wider.py [repetitions] [part of a name]`` prints one line per method and
writes ``wider.json`` beside itself. Every setting has its own seed, so a part gives the same numbers
as a full run and replaces them in the file (with the same repetitions and versions). One core, about
six to ten minutes.
"""

from __future__ import annotations

import json
import platform
import sys
import zlib
from importlib import metadata
from pathlib import Path

import numpy as np
from tally import Found
from wider_counts import COUNTS
from wider_labels import LABELS
from wider_scores import SCORES

SEED = 20250527
SETTINGS = {**SCORES, **COUNTS, **LABELS}
TARGET = (0.93, 0.97)
SIZE = 0.065


def main(reps: int = 1000, only: str = "") -> None:
    """Run the settings whose name contains `only`."""
    results: dict[str, Found] = {}
    for name, run in SETTINGS.items():
        if only not in name:
            continue
        rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
        results[name] = run(reps, rng)
        for method, row in results[name].items():
            print(f"{name:50s} {method:42s} {_line(row)}", flush=True)
    path = Path(__file__).with_name("wider.json")
    about = {
        "level": 0.95,
        "repetitions": reps,
        "seed": SEED,
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "scipy": metadata.version("scipy"),
    }
    if only:
        stored = json.loads(path.read_text("utf-8"))
        if stored["about"] != about:
            print("not stored: wider.json is of other repetitions or versions")
            return
        results = {name: {**stored["results"], **results}[name] for name in SETTINGS}
    text = json.dumps({"about": about, "results": results}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


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
    main(*[int(a) for a in sys.argv[1:2]], *sys.argv[2:3])
