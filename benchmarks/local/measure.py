"""How well a trained judge repeats published labels of sentences, with and without embeddings.

``python benchmarks/local/measure.py [LABELS] [--embeddings MODEL]`` reads the 422 labelled traces of Thought
Anchors on general questions (default folder: ``../shared/data/labels`` beside the repository), imports their
labels into a study in a temporary folder, trains a judge on them as ``reasonlens agree train`` does, once on
n-grams and once with the vectors of a transformer too, and writes the errors on problems that were not seen
to ``results.json`` and into the table of ``README.md``. ``rules`` is the shipped baseline.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "rules"))

import measure as published  # noqa: E402 - the labels are read as for the rules

from reasonlens.core.study import Study  # noqa: E402
from reasonlens.judges import load_codebook  # noqa: E402
from reasonlens.judges._cues import Finder, load_cues  # noqa: E402
from reasonlens.stats.agreement_limits import agreement, judge_quality  # noqa: E402
from reasonlens.workflow.agree_import import import_labels  # noqa: E402
from reasonlens.workflow.agree_train import Trained, train  # noqa: E402
from reasonlens.workflow.api import ingest  # noqa: E402

SET, WHO = "general", "thought-anchors"
BEHAVIORS = {
    entry["name"]: frozenset(entry["codes"])
    for entry in tomllib.loads((HERE.parent / "rules" / "mapping.toml").read_text("utf-8"))["behavior"]
    if entry["set"] == SET
}
"""Our behaviors, and the published codes that are closest."""


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", nargs="?", type=Path, default=published.LABELS)
    parser.add_argument("--embeddings", metavar="MODEL", help="a folder with an encoder, or its id")
    told = parser.parse_args()
    found = [t for part in (True, False) for t in published.traces(told.labels, development=part)]
    found = [trace for trace in found if SET in trace.codes]
    rows = _rules(found)
    speed = {}
    with tempfile.TemporaryDirectory() as folder:
        study = _study(Path(folder), found)
        for name, model in (("n-grams", None), ("n-grams and embeddings", told.embeddings)):
            if name == "n-grams" or model:
                begun = time.perf_counter()
                trained = train(study, f"human:{WHO}", name.split()[-1], embeddings=model)
                speed[name] = round(time.perf_counter() - begun, 1)
                rows += _rows(name, trained)
    kept = {"seconds": speed, "rows": rows}
    (HERE / "results.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    page = HERE / "README.md"
    head, mark, _ = page.read_text("utf-8").partition("<!-- table: written by measure.py -->\n")
    page.write_text(f"{head}{mark}\n{_table(rows)}\n", "utf-8")
    print(_table(rows))


def _study(folder: Path, found: Sequence[published.Trace]) -> Study:
    """Return a study with the traces and one label per sentence and behavior."""
    texts = ["\n".join(trace.sentences) for trace in found]
    lines = [
        json.dumps({"response": text, "problem_id": trace.problem, "model": "m", "sample": i})
        for i, (text, trace) in enumerate(zip(texts, found, strict=True))
    ]
    (folder / "traces.jsonl").write_text("\n".join(lines), "utf-8")
    ingest(folder / "traces.jsonl", folder / "study")
    study = Study(folder / "study")
    known = study.read("traces").to_pandas().set_index("sample")["trace_id"]
    with (folder / "labels.jsonl").open("w", encoding="utf-8") as out:
        for i, trace in enumerate(found):
            for label in _labels(trace):
                out.write(json.dumps({"trace_id": known[i], **label}) + "\n")
    import_labels(study, folder / "labels.jsonl", WHO)
    return study


def _labels(trace: published.Trace) -> Iterator[dict[str, Any]]:
    """Yield a label per sentence, or one for the whole text with its passages, as the codebook has it."""
    ends = np.cumsum([len(sentence) + 1 for sentence in trace.sentences]) - 1
    places = [(int(end) - len(text), int(end)) for end, text in zip(ends, trace.sentences, strict=True)]
    for name, meant in BEHAVIORS.items():
        shown = [bool(meant & codes) for codes in trace.codes[SET]]
        if load_codebook(name).unit == "sentence":
            for (start, end), present in zip(places, shown, strict=True):
                verdict = "present" if present else "absent"
                yield {"behavior": name, "verdict": verdict, "start": start, "end": end}
        else:
            spans = [place for place, present in zip(places, shown, strict=True) if present]
            yield {"behavior": name, "verdict": "present" if spans else "absent", "spans": spans}


def _rules(found: Sequence[published.Trace]) -> list[dict[str, Any]]:
    finder = Finder([load_cues(name) for name in BEHAVIORS])
    said = np.concatenate([np.array(finder.text(trace.sentences)) for trace in found])
    where = [trace.problem for trace in found for _ in trace.sentences]
    problem = np.unique(where, return_inverse=True)[1]
    rows = []
    for column, (name, meant) in enumerate(BEHAVIORS.items()):
        gold = np.array([bool(meant & codes) for trace in found for codes in trace.codes[SET]])
        judge = said[:, column]
        quality = judge_quality(judge.astype(float), gold.astype(float), problem)
        kappa = agreement(np.column_stack([judge, gold]), "cohen", problem, categories=(0, 1))
        rows.append(
            {
                "judge": "rules",
                "behavior": name,
                "sentences": len(gold),
                "present": int(gold.sum()),
                "problems": int(problem.max()) + 1,
                "sensitivity": _limits(quality.sensitivity),
                "specificity": _limits(quality.specificity),
                "kappa": _limits(kappa),
            }
        )
    return rows


def _limits(estimate: Any) -> list[float]:
    return [round(float(x), 3) for x in (estimate.value, estimate.low, estimate.high)]


def _rows(judge: str, trained: Trained) -> list[dict[str, Any]]:
    error = trained.error[trained.error["unit"] == "sentence"]
    shares = ("sensitivity", "specificity", "kappa")
    return [
        {
            "judge": judge,
            "behavior": row.behavior,
            "sentences": int(row.n),
            "present": int(row.present),
            "problems": int(row.problems),
            **{key: [round(float(x), 3) for x in getattr(row, key)] for key in shares},
        }
        for row in error.itertuples()
    ]


def _table(rows: Sequence[dict[str, Any]]) -> str:
    frame = pd.DataFrame(rows).sort_values("behavior", kind="stable")
    cells = []
    for row in frame.to_dict("records"):
        limits = (row[name] for name in ("sensitivity", "specificity", "kappa"))
        counts = [f"{row['sentences']:,}", f"{row['present']:,}", row["problems"]]
        shown = [f"{value:.2f} [{low:.2f}, {high:.2f}]" for value, low, high in limits]
        cells.append([row["behavior"], row["judge"], *counts, *shown])
    heads = ["behavior", "judge", "sentences", "present", "problems", "sensitivity", "specificity", "kappa"]
    return tabulate(cells, heads, tablefmt="github", disable_numparse=True)


if __name__ == "__main__":
    main()
