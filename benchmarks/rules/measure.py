"""Sensitivity and specificity of the judge ``rules`` on published labels of sentences.

``python benchmarks/rules/measure.py [LABELS] [--development] [--keep]`` reads the folder of labels (default:
``../shared/data/labels`` beside the repository), maps their codes to behaviors as ``mapping.toml`` says and
prints a table. ``--keep`` writes it to ``reasonlens/judges/_rules_quality.json``, which is shipped.

The cues were written while looking at a part of the problems only (``--development``, about three in ten,
picked by a hash of the problem); what is kept is measured on the others. The labels come from a model
(gpt-4o), not from people: this says how far two machines agree, and "sensitivity" is meant so.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from reasonlens.judges._cues import Finder, load_cues
from reasonlens.judges.rules import VERSION
from reasonlens.stats.agreement_limits import agreement, judge_quality
from reasonlens.stats.effective import trials
from reasonlens.stats.estimate import Estimate

HERE = Path(__file__).resolve().parent
KEPT = HERE.parents[1] / "reasonlens" / "judges" / "_rules_quality.json"
LABELS = HERE.parents[2] / "shared" / "data" / "labels"
MATH, GENERAL = "thought_anchors_math_6label_sets.jsonl.gz", "thought_anchors_general_labelled.jsonl.gz"
SOURCE = (
    "interp-reasoning/thought-anchors (MIT), labels by gpt-4o, one sentence each; "
    "reasonlens was not measured against people"
)
SETS = ("og", "et", "etm", "pm", "sm", "ss")
DEVELOPMENT = 0.3


@dataclass(frozen=True, slots=True)
class Trace:
    """Sentences after the prompt, with their codes in each set."""

    problem: str
    sentences: tuple[str, ...]
    codes: dict[str, tuple[frozenset[str], ...]]


def traces(folder: Path, *, development: bool) -> Iterator[Trace]:
    """Yield the labelled traces of one part of the problems."""
    for name in (MATH, GENERAL):
        with gzip.open(folder / name, "rt", encoding="utf-8") as file:
            for line in file:
                found = _trace(json.loads(line), name)
                if (_place(found.problem) < DEVELOPMENT) == development:
                    yield found


def _trace(row: dict[str, Any], name: str) -> Trace:
    prefix = "math" if name == MATH else "general"
    begin = next((i for i, c in enumerate(row["chunks"]) if "<think>" in c["text"]), 0)
    chunks = row["chunks"][begin:]
    if prefix == "math":
        codes = {f"math/{s}": tuple(frozenset(c["labels"].get(s, ())) for c in chunks) for s in SETS}
    else:
        codes = {"general": tuple(frozenset([c["label"]]) for c in chunks)}
    problem = f"{prefix}/{row['trace_id'].split('/')[0]}"
    return Trace(problem, tuple(c["text"] for c in chunks), codes)


def _place(problem: str) -> float:
    """Return a number from 0 to 1 that depends on the problem alone."""
    return hashlib.blake2b(problem.partition("/")[2].encode()).digest()[0] / 256


def measure(found: Sequence[Trace], mapping: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per behavior and set of labels."""
    names = list(dict.fromkeys(entry["name"] for entry in mapping))
    finder = Finder([load_cues(name) for name in names])
    said = [np.array(finder.text(trace.sentences)) for trace in found]
    rows = []
    for entry in mapping:
        column, codes = names.index(entry["name"]), set(entry["codes"])
        judge, gold, where = [], [], []
        for number, trace in enumerate(found):
            if entry["set"] in trace.codes:
                judge.append(said[number][:, column])
                gold.append(np.array([bool(codes & given) for given in trace.codes[entry["set"]]]))
                where += [trace.problem] * len(trace.sentences)
        rows.append(_row(entry, np.concatenate(judge), np.concatenate(gold), where))
    return rows


def _row(entry: dict[str, Any], judge: Any, gold: Any, where: list[str]) -> dict[str, Any]:
    problem = np.unique(where, return_inverse=True)[1]
    q = judge_quality(judge.astype(float), gold.astype(float), problem)
    kappa = agreement(np.column_stack([judge, gold]), "cohen", problem, categories=(0, 1))
    return {
        "behavior": entry["name"],
        "set": entry["set"],
        "codes": entry["codes"],
        "note": entry.get("note", ""),
        "sentences": len(judge),
        "problems": int(problem.max()) + 1,
        "true_positive": q.true_positive,
        "false_positive": q.false_positive,
        "false_negative": q.false_negative,
        "true_negative": q.true_negative,
        "sensitivity": _limits(q.sensitivity),
        "specificity": _limits(q.specificity),
        "kappa": _limits(kappa),
        "effective": {
            "sensitivity": [round(x, 2) for x in trials(judge, gold, problem)],
            "specificity": [round(x, 2) for x in trials(~judge, ~gold, problem)],
        },
    }


def _limits(e: Estimate) -> list[float | None]:
    return [None if np.isnan(x) else round(float(x), 4) for x in (e.value, e.low, e.high)]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as text."""
    cells = []
    for row in rows:
        present = row["true_positive"] + row["false_negative"]
        numbers = [_cell(row[name]) for name in ("sensitivity", "specificity", "kappa")]
        cells.append([row["behavior"], row["set"], row["sentences"], row["problems"], present, *numbers])
    heads = ["behavior", "labels", "sentences", "problems", "present", "sensitivity", "specificity", "kappa"]
    return tabulate(cells, heads, disable_numparse=True)


def _cell(limits: list[float | None]) -> str:
    value, low, high = ("-" if x is None else f"{x:.2f}" for x in limits)
    return f"{value} [{low}, {high}]"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("labels", nargs="?", type=Path, default=LABELS)
    parser.add_argument(
        "--development", action="store_true", help="the problems that the cues were written on"
    )
    parser.add_argument("--keep", action="store_true", help=f"write {KEPT.name}")
    options = parser.parse_args()
    mapping = tomllib.loads((HERE / "mapping.toml").read_text("utf-8"))["behavior"]
    rows = measure(list(traces(options.labels, development=options.development)), mapping)
    print(table(rows))
    if options.keep and not options.development:
        cues = {name: load_cues(name).digest for name in dict.fromkeys(row["behavior"] for row in rows)}
        about = {"judge": f"rules@{VERSION}", "source": SOURCE, "part": "held-out problems", "cues": cues}
        KEPT.write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n", encoding="utf-8")
        print(f"\n{KEPT}")


if __name__ == "__main__":
    main()
