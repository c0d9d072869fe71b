"""Tallied signatures to rows of the ``diagnoses`` table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reasonlens.core.tables import POOLED, TABLES
from reasonlens.signatures import Measure
from reasonlens.signatures._tally import Group, Sums, Tally
from reasonlens.signatures._verdict import estimate, p_against, verdict
from reasonlens.stats.multiplicity import holm

__all__ = ["rows", "whole"]

ESTIMAND = "problems like these"
ESTIMAND_SHARED = "problems like the shared ones"

Row = npt.NDArray[np.float64]
"""Sums of one problem: what was seen, out of what, in how many responses."""

_NUMBERS = ("value", "low", "high", "level", "threshold", "p_value", "p_adjusted")


def rows(
    tally: Tally, measures: Mapping[str, Measure], exclude: tuple[str, ...], level: float, seed: int
) -> pd.DataFrame:
    """Return one row per measure, group, data set and sensitivity.

    The p-values of a measure are corrected (Holm) over the models: those of all data sets
    together are one family, those of single data sets another. Sensitivity rows are not corrected.
    """
    made: list[dict[str, Any]] = []
    everyone = Everyone(tally)
    for name, measure in measures.items():
        for group in tally.groups():
            for dataset in tally.datasets(group):
                made.append(_row(everyone, name, measure, group, dataset, exclude, "", level))
                for flag in measure.without:
                    if flag not in exclude and tally.has_flag(name, group, dataset, flag):
                        made.append(
                            _row(everyone, name, measure, group, dataset, (*exclude, flag), flag, level)
                        )
    _correct(made)
    for row in made:
        measure, interval = row.pop("_measure"), row.pop("_interval")
        row["verdict"], row["why"] = verdict(measure, interval, row["p_adjusted"])
        row["seed"] = seed
    frame = pd.DataFrame(made, columns=TABLES["diagnoses"].schema.names)
    for column in _NUMBERS:
        frame[column] = frame[column].astype("float64")
    return frame


def _row(
    everyone: Everyone,
    name: str,
    measure: Measure,
    group: Group,
    dataset: str,
    exclude: tuple[str, ...],
    without: str,
    level: float,
) -> dict[str, Any]:
    tally = everyone.tally
    own = tally.sums(name, group, dataset, exclude)
    others = everyone.but(own, name, group, dataset, exclude) if measure.kind == "against" else None
    at = estimate(measure, own, others)
    interval = at(level)
    signature, _, short = name.partition("/")
    evidence = [] if without else tally.evidence(name, group, dataset)
    return {
        "signature": signature,
        "measure": short,
        **group._asdict(),
        "dataset": dataset,
        "without": without,
        "value": interval.value,
        "low": interval.low,
        "high": interval.high,
        "level": level,
        "threshold": measure.threshold,
        "side": measure.side,
        "unit": measure.unit,
        "method": interval.method,
        "estimand": ESTIMAND_SHARED if measure.kind == "against" else ESTIMAND,
        "n_problems": interval.n_clusters,
        "n_traces": interval.n,
        "p_value": p_against(at, measure.threshold),
        "excluded": sum(own.excluded.values()),
        "excluded_why": "; ".join(f"{why}: {n}" for why, n in own.excluded.items()),
        "evidence": [{"trace_id": e.trace_id, "quote": e.quote} for e in evidence],
        "_measure": measure,
        "_interval": interval,
    }


class Everyone:
    """Sums over all models of one condition, kept, so that "the others" are one subtraction."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._known: dict[tuple[str, str, str, tuple[str, ...]], dict[tuple[str, str], Row]] = {}

    def but(self, own: Sums, name: str, group: Group, dataset: str, exclude: tuple[str, ...]) -> Sums | None:
        """Return the sums of all models of the group's condition, less `own`."""
        key = (name, group.condition, dataset, exclude)
        if key not in self._known:
            self._known[key] = self._all(*key)
        total = dict(self._known[key])
        for problem, values in _by_problem(own).items():
            total[problem] = total[problem] - values
        left = {problem: values for problem, values in total.items() if values[2] > 0}
        if not left:
            return None
        problems = tuple(sorted(left))
        x, of, n, y = np.array([left[p] for p in problems]).T
        return Sums(problems, x, of, n, y, {})

    def _all(
        self, name: str, condition: str, dataset: str, exclude: tuple[str, ...]
    ) -> dict[tuple[str, str], Row]:
        total: dict[tuple[str, str], Row] = {}
        for group in self.tally.groups():
            if group.condition == condition:
                for problem, values in _by_problem(self.tally.sums(name, group, dataset, exclude)).items():
                    total[problem] = total.get(problem, 0.0) + values
        return total


def _by_problem(sums: Sums) -> dict[tuple[str, str], Row]:
    return dict(zip(sums.problems, np.stack([sums.x, sums.of, sums.n, sums.y], axis=1), strict=True))


def _correct(made: list[dict[str, Any]]) -> None:
    """Fill ``p_adjusted`` and ``family``."""
    families: dict[str, list[dict[str, Any]]] = {}
    single = _single(made)
    for row in made:
        row["p_adjusted"], row["family"] = row["p_value"], ""
        if not row["without"]:
            whole = row["dataset"] == POOLED or (row["model_kind"], row["model"], row["condition"]) in single
            scope = "pooled" if whole else "by data set"
            families.setdefault(f"{row['signature']}/{row['measure']}, {scope}", []).append(row)
    for name, members in families.items():
        adjusted = holm([row["p_value"] for row in members])
        size = int(np.count_nonzero(~np.isnan(adjusted)))
        for row, p in zip(members, adjusted, strict=True):
            row["p_adjusted"], row["family"] = float(p), f"{name}: {size} tests (Holm)"


def whole(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per measure and group: over all data sets, without sensitivity rows."""
    main = table[table["without"] == ""]
    keys = ["model_kind", "model", "condition"]
    alone = main.groupby(keys)["dataset"].transform("nunique") == 1
    return main[(main["dataset"] == POOLED) | alone]


def _single(made: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Return the groups with one data set, whose rows stand for all data."""
    seen: dict[tuple[str, str, str], set[str]] = {}
    for row in made:
        seen.setdefault((row["model_kind"], row["model"], row["condition"]), set()).add(row["dataset"])
    return {group for group, datasets in seen.items() if len(datasets) == 1}
