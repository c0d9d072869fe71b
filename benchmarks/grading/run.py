"""Grading speed against math-verify called directly, on the same traces; and hostile expressions.

``python benchmarks/grading/run.py`` grades the published traces beside the repository (or the sample),
prints a table and writes ``results.json``.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import reasonlens
from reasonlens import Study, sample
from reasonlens.graders import Limits, Pair, math, pair_of
from reasonlens.workflow.grade import grader_for

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1].parent / "shared" / "data" / "traces"
DIRECT = 400  # traces for the peer: it needs many milliseconds for each
HOSTILE = {
    "2^{10^{10^{10}}}": "a tower of powers",
    "9^{9^{9^9}}": "a tower of powers",
    "10^{10^9}!": "a factorial",
    r"\binom{10^9}{5\cdot10^8}": "a binomial coefficient",
    "(" * 900 + "x" + ")" * 900: "900 parentheses",
    "(" * 1900: "1,900 parentheses that nothing closes",
    r"\frac{1}{" * 180 + "2" + "}" * 180: "180 fractions in each other",
    r"\sqrt{1+" * 100 + "x" + "}" * 100: "100 roots in each other",
    "(x+y+z+w)^{200}": "a power of a sum",
    r"\gcd(2^{100000000}-1, 3)": "a divisor of a huge number",
    r"2^{10^9} = 1": "an equation with a huge side",
    r"\int_0^1 x^{x^{x^{x}}} dx": "an integral",
    r"\sum_{n=1}^{10^{9}} \frac{1}{n^n}": "a long sum",
    r"\prod_{n=1}^{10^8} n": "a long product",
    r"\sin(10^{10^{8}})": "a sine of a huge number",
    r"\lim_{x \to 0} \sin(\sin(\sin(\sin(1/x))))": "a limit",
    ",".join(str(i) for i in range(450)): "450 items",
    "{" * 50: "open braces",
    "a" * 1990: "1,990 letters",
    "a" * 1_000_000: "a million letters",
    "9" * 1_000_000: "a million digits",
}
PEER = """
import json, sys, time
from math_verify import parse, verify
pairs = json.load(sys.stdin)
parse("$1$")
begun = time.perf_counter()
right = 0
for answer, gold in pairs:
    try:
        right += bool(verify(parse(f"${gold}$"), parse(answer)))
    except Exception:
        pass
print(json.dumps({"seconds": time.perf_counter() - begun, "right": right}))
"""


def rows() -> list[dict[str, Any]]:
    """Return the traces with gold answers that mathematics decides on."""
    files = sorted(SHARED.glob("*.jsonl.gz")) if SHARED.is_dir() else [sample.path()]
    with tempfile.TemporaryDirectory() as folder:
        reasonlens.ingest(files, Path(folder) / "study")
        columns = ["answer", "response", "gold", "health"]
        found = Study(Path(folder) / "study").read("traces", columns=columns).to_pylist()
    return [row for row in found if row["gold"] and grader_for(row["gold"]) == "math"]


def pair(row: dict[str, Any]) -> Pair:
    """Return what a trace gives to grade."""
    truncated = bool({"truncated", "looping"} & set(row["health"] or ()))
    return pair_of(row["response"] or "", row["answer"] or "", row["gold"], truncated=truncated)


def peer(pairs: list[list[str]]) -> float:
    """Return how many pairs of answer and gold math-verify grades in a second."""
    done = subprocess.run(
        [sys.executable, "-c", PEER], input=json.dumps(pairs), capture_output=True, text=True, check=True
    )
    return len(pairs) / float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def hostile() -> dict[str, Any]:
    """Grade expressions that are made to hang or explode; each needs a verdict."""
    begun = time.perf_counter()
    grades = math.grade([Pair(text, "boxed", "x+1") for text in HOSTILE], Limits(seconds=2.0, jobs=1))
    return {
        "hostile expressions": len(HOSTILE),
        "hostile, without a verdict": len(HOSTILE) - len(grades),
        "hostile, verdicts": dict(Counter(grade.verdict for grade in grades)),
        "hostile, seconds": round(time.perf_counter() - begun, 1),
        "hostile, largest process in MB": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
    }


def main() -> None:
    """Measure, print and keep."""
    data = rows()
    begun = time.perf_counter()
    pairs = [pair(row) for row in data]
    extracted = time.perf_counter() - begun
    begun = time.perf_counter()
    grades = math.grade(pairs, Limits(jobs=1))
    graded = time.perf_counter() - begun
    ours = len(data) / (extracted + graded)
    step = max(1, len(data) // DIRECT)
    answered = [p for p in pairs[::step] if p.answer is not None]
    whole = peer([[row["response"], row["gold"]] for row in data[::step]])
    answers = peer([[f"${p.answer}$", str(p.gold)] for p in answered])
    found = {
        "traces": len(data),
        "traces a second, one comparing process": round(ours),
        "of that, seconds to find the answers": round(extracted, 2),
        "of that, seconds to compare them": round(graded, 2),
        "decided without algebra": round(sum(g.why == "plain" for g in grades) / len(grades), 3),
        "math-verify on whole responses, a second": round(whole, 1),
        "ratio to that": round(ours / whole, 1),
        "math-verify on the answers that we found, a second": round(answers, 1),
        "ratio to that, with finding them": round(ours / answers, 1),
        **hostile(),
        "machine": {"cores": os.cpu_count(), "math-verify": metadata.version("math-verify")},
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps(found, indent=1))
    (HERE / "results.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
