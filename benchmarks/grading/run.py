"""Grading speed against math-verify called directly, on the same answers; and hostile expressions.

``python benchmarks/grading/run.py`` grades the published traces beside the repository (or the bundled
sample), prints a table and writes ``results.json``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import reasonlens
from reasonlens import Study, sample
from reasonlens.graders import Limits, Pair, math
from reasonlens.workflow.grade import _pair, grader_for

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1].parent / "shared" / "data" / "traces"
DIRECT = 400  # pairs for the peer: it needs a few milliseconds for each
HOSTILE = [
    "2^{10^{10^{10}}}",
    "10^{10^9}!",
    "(" * 300 + "x" + ")" * 300,
    r"\frac{" * 80 + "1" + "}{2}" * 80,
    "(x+y+z+w)^{60}",
    r"\gcd(2^{100000000}-1, 3)",
    r"\int_0^1 x^{x^{x^{x}}} dx",
    r"\sum_{n=1}^{10^{9}} \frac{1}{n^n}",
    ",".join(str(i) for i in range(450)),
    "{" * 60,
]
PEER = """
import json, sys, time
from math_verify import parse, verify
pairs = json.load(sys.stdin)
begun = time.process_time()
right = 0
for response, gold in pairs:
    try:
        right += bool(verify(parse(f"${gold}$"), parse(response)))
    except Exception:
        pass
print(json.dumps({"seconds": time.process_time() - begun, "right": right}))
"""


def rows() -> list[dict[str, Any]]:
    """Return the traces with gold answers that mathematics decides on."""
    files = sorted(SHARED.glob("*.jsonl.gz")) if SHARED.is_dir() else [sample.path()]
    with tempfile.TemporaryDirectory() as folder:
        reasonlens.ingest(files, Path(folder) / "study")
        columns = ["trace_id", "problem", "answer", "response", "gold", "health"]
        found = Study(Path(folder) / "study").read("traces", columns=columns).to_pylist()
    return [row for row in found if row["gold"] and grader_for(row["gold"]) == "math"]


def main() -> None:
    """Measure, print and keep."""
    data = rows()
    begun = time.perf_counter()
    pairs = [_pair(row, "math") for row in data]
    extracted = time.perf_counter() - begun
    begun = time.perf_counter()
    grades = math.grade(pairs, Limits(jobs=1))
    graded = time.perf_counter() - begun
    step = max(1, len(data) // DIRECT)
    asked = json.dumps([[row["response"], row["gold"]] for row in data[::step][:DIRECT]])
    done = subprocess.run(
        [sys.executable, "-c", PEER], input=asked, capture_output=True, text=True, check=True
    )
    peer = json.loads(done.stdout.splitlines()[-1])
    n = min(DIRECT, len(data[::step]))
    begun = time.perf_counter()
    hostile = math.grade([Pair(text, "boxed", "1") for text in HOSTILE], Limits(seconds=2.0, jobs=2))
    found = {
        "answers": len(data),
        "answers a second, one process": round(len(data) / (extracted + graded)),
        "of that, seconds to find the answers": round(extracted, 2),
        "decided without algebra": round(sum(g.why == "plain" for g in grades) / len(grades), 3),
        "math-verify on whole responses, answers a second": round(n / peer["seconds"], 1),
        "ratio": round(len(data) / (extracted + graded) / (n / peer["seconds"]), 1),
        "hostile expressions": len(HOSTILE),
        "hostile, with a verdict": len(hostile),
        "hostile, called right": sum(g.verdict == "correct" for g in hostile),
        "hostile, seconds": round(time.perf_counter() - begun, 1),
        "machine": {"cores": os.cpu_count(), "math-verify": metadata.version("math-verify")},
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps(found, indent=1))
    (HERE / "results.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
