"""How far the baseline decomposer of ``reasonlens structure`` agrees with published labels of sentences.

``python benchmarks/structure/run.py [LABELS] [--keep]`` reads the folder of labels (default:
``../shared/data/labels`` beside the repository), maps their codes to kinds of steps as ``mapping.toml`` says
and prints tables; ``--keep`` writes ``results.json`` and ``README.md``. Limits are over problems.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from structure_labels import Kinds, Trace, kinds_of, traces
from structure_page import page

from reasonlens.stats.agreement_limits import agreement, judge_quality
from reasonlens.stats.estimate import Estimate
from reasonlens.structure import KINDS
from reasonlens.structure.markers import NEUTRAL, markers

HERE = Path(__file__).resolve().parent
LABELS = HERE.parents[2] / "shared" / "data" / "labels"
BASELINE = "baseline"
PAIR = ("math/ss", "math/etm")
"""Two label sets of the same sentences: what they agree on is what one can ask of the baseline."""

Mapped = dict[str, dict[str, Any]]
Sides = Iterator[tuple[str, Sequence[str | None], Kinds]]


def sides(found: Sequence[Trace], mapping: Mapped, rater: str, gold: str) -> Sides:
    """Yield problem, kinds by the rater and kinds by the labels for each trace that both have labelled."""
    for trace in found:
        if all(name == BASELINE or any(trace.codes.get(name, ())) for name in (rater, gold)):
            said = trace.said if rater == BASELINE else kinds_of(trace.codes[rater], _only(mapping[rater]))
            yield trace.problem, said, kinds_of(trace.codes[gold], _only(mapping[gold]))


def _only(entry: Mapping[str, Any]) -> dict[str, list[str]]:
    return {kind: codes for kind, codes in entry.items() if kind in KINDS}


def comparisons(mapping: Mapped, *, whole: bool) -> list[tuple[str, str]]:
    """Return (rater, labels): the baseline with each set, and two sets with each other."""
    sets = [name for name, entry in mapping.items() if entry["whole"] or not whole]
    return [*((BASELINE, name) for name in sets), (PAIR[1], PAIR[0])]


def of_kinds(found: Sequence[Trace], mapping: Mapped) -> list[dict[str, Any]]:
    """Return one row per comparison and kind: is a sentence of this kind or of any other?"""
    rows = []
    for rater, gold in comparisons(mapping, whole=False):
        pairs = list(sides(found, mapping, rater, gold))
        said, true, where = _flat(pairs)
        for kind in _only(mapping[gold]):
            rows.append(
                {"rater": rater, "labels": gold, "kind": kind}
                | _yes_no([s == kind for s in said], [t == kind for t in true], where)
            )
    return rows


def of_all_kinds(found: Sequence[Trace], mapping: Mapped) -> list[dict[str, Any]]:
    """Return one row per comparison with labels of every kind: which of the seven is it?"""
    rows = []
    for rater, gold in comparisons(mapping, whole=True):
        said, true, where = _flat(sides(found, mapping, rater, gold))
        kept = [i for i, both in enumerate(zip(said, true, strict=True)) if None not in both]
        codes = np.array([[KINDS.index(side[i] or "") for side in (said, true)] for i in kept])
        problem = np.unique([where[i] for i in kept], return_inverse=True)[1]
        same, kappa = (agreement(codes, name, problem, categories=range(7)) for name in ("percent", "cohen"))
        most = np.bincount(codes[:, 1]).max() / len(kept)
        rows.append(
            {"rater": rater, "labels": gold, "sentences": len(kept), "left_out": len(said) - len(kept)}
            | {"problems": int(problem.max()) + 1, "same": _limits(same), "most_frequent": round(most, 4)}
            | {"kappa": _limits(kappa)}
        )
    return rows


def of_steps(found: Sequence[Trace], mapping: Mapped) -> list[dict[str, Any]]:
    """Return one row per comparison and way to make steps of labels: does a step begin here?"""
    rows = []
    for rater, gold in comparisons(mapping, whole=True):
        for way, begins in (("the kind changes", changes), ("the baseline's rule", by_rule)):
            said, true, where, n = [], [], [], 0
            for (problem, a, b), trace in zip(
                sides(found, mapping, rater, gold), _labelled(found, rater, gold), strict=True
            ):
                said += list(trace.opens if rater == BASELINE else begins(a))[1:]
                true += begins(b)[1:]
                where += [problem] * (len(b) - 1)
                n += 1
            row = {"rater": rater, "labels": gold, "steps": way} | _yes_no(said, true, where)
            rows.append(
                row | {"by_rater": round(1 + sum(said) / n, 1), "by_labels": round(1 + sum(true) / n, 1)}
            )
    return rows


def _labelled(found: Sequence[Trace], *names: str) -> list[Trace]:
    return [t for t in found if all(n == BASELINE or any(t.codes.get(n, ())) for n in names)]


def changes(kinds: Sequence[str | None]) -> list[bool]:
    """Return where the kind is another than before; a sentence without one goes on with what was there.

    Examples
    --------
    >>> changes(["plan", "compute", None, "compute", "check"])
    [True, True, False, False, True]
    """
    found: list[bool] = []
    last = ""
    for kind in kinds:
        found.append(not found or (kind is not None and bool(last) and kind != last))
        last = kind or last
    return found


def by_rule(kinds: Sequence[str | None]) -> list[bool]:
    """Return where the baseline would begin a step if these were its kinds (see its documentation).

    Examples
    --------
    >>> by_rule(["plan", "plan", "compute", None, "plan", "check"])
    [True, False, False, False, True, True]
    """
    found: list[bool] = []
    first, opening = NEUTRAL, False
    for kind in (k or NEUTRAL for k in kinds):
        begins = not found or (kind != NEUTRAL and not (opening and kind == first))
        if begins:
            first, opening = kind, True
        opening = opening and kind != NEUTRAL
        found.append(begins)
    return found


def _flat(pairs: Any) -> tuple[list[str | None], list[str | None], list[str]]:
    said: list[str | None] = []
    true: list[str | None] = []
    where: list[str] = []
    for problem, a, b in pairs:
        said += a
        true += b
        where += [problem] * len(b)
    return said, true, where


def _yes_no(said: Sequence[bool], true: Sequence[bool], where: Sequence[str]) -> dict[str, Any]:
    problem = np.unique(where, return_inverse=True)[1]
    judge, gold = (np.array(side, dtype=np.float64) for side in (said, true))
    q = judge_quality(judge, gold, problem)
    kappa = agreement(np.column_stack([judge, gold]), "cohen", problem, categories=(0, 1))
    return {
        "sentences": len(judge),
        "problems": int(problem.max()) + 1,
        "of_labels": int(gold.sum()),
        "of_rater": int(judge.sum()),
        "found": _limits(q.sensitivity),
        "right": _limits(q.positive_value),
        "kappa": _limits(kappa),
    }


def _limits(e: Estimate) -> list[float | None]:
    return [None if np.isnan(x) else round(float(x), 4) for x in (e.value, e.low, e.high)]


MEASURES: dict[str, Callable[[Sequence[Trace], Mapped], list[dict[str, Any]]]] = {
    "all_kinds": of_all_kinds,
    "kinds": of_kinds,
    "steps": of_steps,
}


def measure(folder: Path) -> dict[str, Any]:
    """Return all tables, with the digest of the markers that they are of."""
    mapping = tomllib.loads((HERE / "mapping.toml").read_text("utf-8"))["sets"]
    found = list(traces(folder))
    counts = Counter(trace.problem.partition("/")[0] for trace in found)
    about = {"markers": markers().digest, "traces": dict(counts)}
    return about | {name: make(found, mapping) for name, make in MEASURES.items()}


def main() -> None:
    """Measure, print, and keep if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("labels", nargs="?", type=Path, default=LABELS)
    parser.add_argument("--keep", action="store_true", help="write results.json and README.md")
    options = parser.parse_args()
    results = measure(options.labels)
    text = page(results)
    print(text)
    if options.keep:
        (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (HERE / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
