"""The results as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

__all__ = ["page"]

ABOUT = """\
# The baseline decomposer against labelled sentences

    python benchmarks/structure/run.py --keep

How far the markers of `reasonlens structure --decomposer baseline` agree with published labels of the
sentences of reasoning traces (interp-reasoning/thought-anchors, MIT): {math_traces} mathematical traces
that were labelled by several schemes, and {general_traces} on other questions. Only the reasoning is
compared. `mapping.toml` says which code stands for which kind of step; no code means quite the same as a
kind. **The labels were made by gpt-4o, not by people**: this says how far two programs agree. Limits are
over problems. The markers were not changed in view of these numbers, and which texts they were written on
is not recorded.

`math/etm` against `math/ss` are two schemes by the same labeller on the same sentences, so roughly what one
can ask for; the limits are wide.

What it says:

- Of seven kinds the baseline gives {same} of the sentences of `math/ss` the kind that they have, and
  calling all of them `compute` would be right for {most}: kappa {kappa}, where the two schemes have
  {ceiling}.
- It is best at a change of the way (`alternative`, kappa {alternative}). It misses most recalled facts
  (found: {recall}) and conclusions ({conclude}), which seldom begin with one of its markers, and takes
  "now", "similarly" or "let me" at the head of a calculation or a check for a `plan` (right: {plan}).
- On questions outside of mathematics (`general`) it is worse at each of the four kinds that the labels of
  the same scheme have on mathematics (`math/og`).
- It finds {begins} of the places where the kind changes, and {right} of its own steps begin at such places.

So with the baseline, shares of kinds, transitions and scores are about the words with which sentences open.
For what a step does, use `--decomposer llm`; how well a model does it is not measured here.

Sentences: one labelled sentence is one paragraph here, so that the two sides do not differ in where
sentences end; one that the baseline cuts in several has the kind of its first one with a marker. "Found" is
the share of what the labels have that the rater has too, "right" the share of what the rater has that the
labels have. "Left out" are sentences whose codes stand for no kind, or for two; in the second table they
are of another kind. Steps are made of labels in two ways: one begins wherever the kind changes, or where
the baseline would begin it if its kinds were those of the labels, so that only the kinds differ. The first
sentence of a trace, where a step begins in any case, is not counted.
"""


def page(results: dict[str, Any]) -> str:
    """Return the text of README.md."""
    parts = [
        ABOUT.format(**_numbers(results)),
        _all_kinds(results["all_kinds"]),
        _kinds(results["kinds"]),
        _steps(results["steps"]),
    ]
    return "\n".join(parts)


def _numbers(results: dict[str, Any]) -> dict[str, str]:
    first = results["all_kinds"][0]
    pair = results["all_kinds"][-1]
    kinds = {r["kind"]: r for r in results["kinds"] if (r["rater"], r["labels"]) == ("baseline", "math/ss")}
    steps = results["steps"][0]
    values = {
        "same": first["same"],
        "kappa": first["kappa"],
        "ceiling": pair["kappa"],
        "alternative": kinds["alternative"]["kappa"],
        "recall": kinds["recall"]["found"],
        "conclude": kinds["conclude"]["found"],
        "plan": kinds["plan"]["right"],
        "begins": steps["found"],
        "right": steps["right"],
    }
    counts = {f"{name}_traces": str(n) for name, n in results["traces"].items()}
    counts["most"] = f"{first['most_frequent']:.2f}"
    return counts | {name: f"{v[0]:.2f}" for name, v in values.items()}


def _all_kinds(rows: Sequence[dict[str, Any]]) -> str:
    heads = [
        "rater",
        "labels",
        "sentences",
        "left out",
        "problems",
        "same kind",
        "most frequent kind",
        "kappa",
    ]
    cells = [
        [
            *(r["rater"], r["labels"], f"{r['sentences']:,}", r["left_out"], r["problems"]),
            *(_cell(r["same"]), f"{r['most_frequent']:.2f}", _cell(r["kappa"])),
        ]
        for r in rows
    ]
    return _table("Which of seven kinds", cells, heads)


def _kinds(rows: Sequence[dict[str, Any]]) -> str:
    heads = ["rater", "labels", "kind", "sentences", "by labels", "by rater", "found", "right", "kappa"]
    cells = [[r["rater"], r["labels"], r["kind"], f"{r['sentences']:,}", *_counts(r)] for r in rows]
    return _table("One kind or any other", cells, heads)


def _steps(rows: Sequence[dict[str, Any]]) -> str:
    heads = [
        "rater",
        "labels",
        "a step begins where",
        "steps by labels",
        "steps by rater",
        "found",
        "right",
        "kappa",
    ]
    cells = [
        [r["rater"], r["labels"], r["steps"], r["by_labels"], r["by_rater"], *_counts(r)[2:]] for r in rows
    ]
    return _table("Where steps begin", cells, heads)


def _counts(row: dict[str, Any]) -> list[str]:
    return [
        f"{row['of_labels']:,}",
        f"{row['of_rater']:,}",
        *(_cell(row[k]) for k in ("found", "right", "kappa")),
    ]


def _table(title: str, cells: Sequence[Sequence[Any]], heads: Sequence[str]) -> str:
    return f"## {title}\n\n{tabulate(cells, heads, tablefmt='github', disable_numparse=True)}\n"


def _cell(limits: list[float | None]) -> str:
    value, low, high = ("-" if x is None else f"{x:.2f}" for x in limits)
    return f"{value} [{low}, {high}]"
