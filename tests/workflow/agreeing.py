"""A study with responses of two kinds, judged by the offline baseline: shared by the tests of ``agree``."""

from __future__ import annotations

import json
from pathlib import Path

from reasonlens.core.study import Study
from reasonlens.judges import Settings, load_codebooks, rules
from reasonlens.lexicon import definition
from reasonlens.workflow.behaviors import Wanted, judge_study
from reasonlens.workflow.ingest import Settings as Reading
from reasonlens.workflow.ingest import ingest
from reasonlens.workflow.run import Plan

CHECK, OTHER = "Let me check that again.", "Alternatively, we can count them in another way."
PLAIN = ("So the sum is 12.", "The box has 4 balls.", "Hence it is 5.")


def response(kind: str, p: int) -> str:
    """Distilled responses check in every problem, base ones in every third; other ways are rarer."""
    parts = [PLAIN[p % 3], f"We have {p + 2} of them here."]
    if kind == "distilled" or p % 3 == 0:
        parts += [CHECK, PLAIN[(p + 1) % 3], f"Let me verify the sum of {p}."]
    if kind == "distilled" and p % 2 == 0:
        parts.append(OTHER)
    return " ".join([*parts, PLAIN[(p + 2) % 3]])


def make_study(folder: Path, problems: int = 24, *, judge: bool = True) -> tuple[Study, Plan]:
    """Return a study with labels of ``rules@1`` on verification and multi_perspective."""
    rows = [
        {
            "model": f"lab/{kind}",
            "model_kind": kind,
            "benchmark": "toy",
            "problem": f"box {p}?",
            "response": response(kind, p),
        }
        for p in range(problems)
        for kind in ("base", "distilled")
    ]
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    plan = Plan(folder / "study", lexicons=(definition.load("flexible_reasoning"),))
    ingest([path], plan, Reading(), jobs=1)
    study = Study(plan.study)
    if judge:
        books = tuple(load_codebooks(["verification", "multi_perspective"]))
        judge_study(study, rules.make(Settings()), Wanted(books))
    return study, plan


def sheet(
    study: Study, path: Path, *, wrong: int = 0, behavior: str = "verification"
) -> list[dict[str, str]]:
    """Write true labels of every response as CSV, the first `wrong` of them turned round; return them."""
    import csv

    traces = study.traces(["trace_id", "response"]).sort_values("trace_id")
    words = {"verification": "Let me", "multi_perspective": "Alternatively"}
    rows = []
    for i, (trace_id, text) in enumerate(zip(traces["trace_id"], traces["response"], strict=True)):
        shown = (words[behavior] in text) != (i < wrong)
        rows.append({"trace_id": trace_id, "behavior": behavior, "verdict": "present" if shown else "absent"})
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows
