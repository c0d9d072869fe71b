"""Memory of the ids that a run with new inputs holds, so that no trace is counted twice.

``python benchmarks/scale/ids.py [MILLIONS]`` adds made-up ids as a run adds them, and writes ``ids.json``
(Linux only).
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from reasonlens.workflow.seen import Seen

AT_ONCE = 2_000


def memory(name: str) -> float:
    """Return what this process has (``VmRSS``) or had at most (``VmHWM``), in MB of 10^6 bytes."""
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) * 1.024e-3


def main(millions: int = 10) -> None:
    """Measure, print and keep."""
    number, seen, before = random.Random(1), Seen(), memory("VmRSS")
    for _ in range(millions * 1_000_000 // AT_ONCE):
        seen.add([f"{number.getrandbits(96):024x}" for _ in range(AT_ONCE)])
    used = {"held_mb": memory("VmRSS") - before, "highest_mb": memory("VmHWM") - before}
    result = {"ids": millions * 1_000_000, **{name: round(mb) for name, mb in used.items()}}
    print(result)
    Path(__file__).with_name("ids.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
