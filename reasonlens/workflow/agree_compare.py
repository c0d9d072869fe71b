"""Two judges on the same units: coefficients, error rates, and where they disagree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.core.tables import MODEL_KINDS
from reasonlens.judges import ANSWERS
from reasonlens.stats.agreement_limits import agreement, judge_quality
from reasonlens.stats.arrays import Floats, cluster_sums
from reasonlens.stats.contrast import contrast_of_sums
from reasonlens.stats.estimate import LIKE, Codes, Estimate
from reasonlens.workflow.agree_labels import PEOPLE, judges_of, labels_of, majority, paired, with_groups
from reasonlens.workflow.behaviors_store import HUMAN, judge_folder

__all__ = ["BY", "Agreement", "Asked", "compare_labels"]

BY = ("model_kind", "model", "dataset", "condition")
"""What errors can be shown by."""

ALL = "(all)"

_COEFFICIENTS = ("percent", "cohen", "ac1")
_RATES = {
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "positive_value": "PPV",
    "negative_value": "NPV",
}
_FEWEST = 5  # problems on a side, below which a difference of errors says nothing
_MOST_COUNTS = 50  # different counts that alpha takes


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose labels are compared.

    Parameters
    ----------
    judge
        Name of a judge; ``None``: the only one that is no person.
    against
        Name of another judge, or of a person; ``None``: all people together, by majority, or else the only
        other judge, or else the judge's own repeats.
    text
        The text that was judged.
    behaviors
        Only these.
    by
        Errors are also shown for each group of this column (`BY`).
    level
        Confidence level.
    """

    judge: str | None = None
    against: str | None = None
    text: str = "response"
    behaviors: tuple[str, ...] = ()
    by: str = "model_kind"
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Agreement:
    """The answer.

    Attributes
    ----------
    rows
        Rows of the table ``agreement``.
    pairs
        Every unit that both labelled, with both verdicts.
    judge, against
        Who was compared.
    gold
        Whether `against` counts as right: a person, or all.
    """

    rows: pd.DataFrame
    pairs: pd.DataFrame
    judge: str
    against: str
    gold: bool

    @property
    def disagreements(self) -> pd.DataFrame:
        """Units on which both gave an answer, and not the same."""
        answered = self.pairs["verdict_a"].isin(ANSWERS) & self.pairs["verdict_b"].isin(ANSWERS)
        return self.pairs[answered & (self.pairs["verdict_a"] != self.pairs["verdict_b"])]


def compare_labels(study: Study, asked: Asked, more: pd.DataFrame | None = None) -> Agreement:
    """Compare two judges, and keep the rows in the study.

    Parameters
    ----------
    study
        The study with the labels.
    asked
        Whose.
    more
        Labels from elsewhere (of people), in the form of `reasonlens.workflow.agree_labels.labels_of`.

    Raises
    ------
    InputError
        If there is nothing to compare.
    UnknownNameError
        If nobody of that name labelled anything.
    """
    frame = labels_of(study, asked.text)
    if more is not None:
        frame = pd.concat([frame[~frame["judge"].isin(more["judge"].unique())], more], ignore_index=True)
    for name in asked.behaviors:
        if name not in set(frame["behavior"]):
            raise UnknownNameError("behavior with labels", name, frame["behavior"].unique())
    if asked.behaviors:
        frame = frame[frame["behavior"].isin(asked.behaviors)]
    judge = _judge(frame, asked.judge)
    against = _against(frame, judge, asked.against)
    pairs = with_groups(study, _pairs(frame, judge, against))
    gold = against.startswith(HUMAN)
    rows = pd.DataFrame(list(_rows(pairs, asked, gold)))
    rows.insert(0, "judge", judge)
    rows.insert(1, "against", against)
    name = f"{judge_folder(judge)}-{judge_folder(against)}"
    data = pa.Table.from_pandas(rows, preserve_index=False)
    details = {"command": "agree compare", "text": asked.text, "by": asked.by, "level": asked.level}
    study.write("agreement", name, data, details=details)
    return Agreement(rows, pairs, judge, against, gold)


def _judge(frame: pd.DataFrame, given: str | None) -> str:
    known = judges_of(frame)
    if given is not None:
        if given not in known:
            raise UnknownNameError(_judge_of(frame), given, known)
        return given
    machines = [name for name in known if not name.startswith(HUMAN)]
    if len(machines) != 1:
        have = ", ".join(known)
        raise InputError(f"which judge? Name one with --judge; labels are there of {have}")
    return machines[0]


def _judge_of(frame: pd.DataFrame) -> str:
    return f"judge with labels of {' or '.join(frame['behavior'].unique())}"


def _against(frame: pd.DataFrame, judge: str, given: str | None) -> str:
    known = [name for name in judges_of(frame) if name != judge]
    if given is not None:
        if given not in (*known, PEOPLE, judge):
            raise UnknownNameError(_judge_of(frame), given, [*known, PEOPLE])
        return given
    if any(name.startswith(HUMAN) for name in known):
        people = [name for name in known if name.startswith(HUMAN)]
        return people[0] if len(people) == 1 else PEOPLE
    if len(known) == 1:
        return known[0]
    if not known and frame.loc[frame["judge"] == judge, "repeat"].max() > 0:
        return judge
    if known:
        raise InputError(f"{judge} against whom? Name one with --against: {', '.join(known)}")
    raise InputError(
        f"only {judge} has labels, so there is nobody to compare it with: read labels of people with "
        "`reasonlens agree import`, or let it judge again with `reasonlens behaviors --repeats 3`"
    )


def _pairs(frame: pd.DataFrame, judge: str, against: str) -> pd.DataFrame:
    mine = frame[frame["judge"] == judge]
    if against == judge:  # every repeat against the first answer
        if mine["repeat"].max() == 0:
            raise InputError(f"{judge} was asked once; ask again with `reasonlens behaviors --repeats 3`")
        return paired(mine[mine["repeat"] > 0], mine[mine["repeat"] == 0])
    first = mine[mine["repeat"] == 0]
    others = majority(frame) if against == PEOPLE else frame[frame["judge"] == against]
    return paired(first, others[others["repeat"] == 0])


def _rows(pairs: pd.DataFrame, asked: Asked, gold: bool) -> Iterator[dict[str, Any]]:
    for (behavior, unit), part in pairs.groupby(["behavior", "unit"], sort=False):
        about = {"behavior": behavior, "unit": unit}
        yield from _of(part, {**about, "by": "", "group": ALL}, asked, gold)
        groups = _ordered(part[asked.by].unique())
        for group in groups if len(groups) > 1 else []:
            mine = part[part[asked.by] == group]
            yield from _of(mine, {**about, "by": asked.by, "group": group}, asked, gold)
        for group in groups[1:] if gold else []:
            yield from _differential(part, about, asked, group, groups[0])


def _ordered(groups: Iterable[str]) -> list[str]:
    """Return model kinds in their order, then what else there is."""
    rank = {kind: place for place, kind in enumerate(MODEL_KINDS)}
    return sorted(groups, key=lambda name: (rank.get(name, len(rank)), name))


def _of(part: pd.DataFrame, about: dict[str, Any], asked: Asked, gold: bool) -> Iterator[dict[str, Any]]:
    a, b = part["verdict_a"], part["verdict_b"]
    answered = (a.isin(ANSWERS) & b.isin(ANSWERS)).to_numpy()
    said = (a == "present").to_numpy(dtype=np.float64)[answered]
    true = (b == "present").to_numpy(dtype=np.float64)[answered]
    problem = part["problem"].to_numpy(dtype=np.int64)[answered]
    pair = np.column_stack([said, true])
    cells = {
        "both": int(np.sum((said == 1) & (true == 1))),
        "only_judge": int(np.sum((said == 1) & (true == 0))),
        "only_against": int(np.sum((said == 0) & (true == 1))),
        "neither": int(np.sum((said == 0) & (true == 0))),
        "unanswered": int(np.sum(~answered)),
    }
    shared = {**about, "reference": "", **cells}
    for name in _COEFFICIENTS:
        e = agreement(pair, name, problem, categories=(0, 1), level=asked.level)
        yield {**shared, "quantity": name, **_numbers(e)}
    if gold and len(said):
        quality = judge_quality(said, true, problem, asked.level)
        for field, name in _RATES.items():
            yield {**shared, "quantity": name, **_numbers(getattr(quality, field))}
    if about["unit"] == "trace":
        counts = part[["count_a", "count_b"]].to_numpy(dtype=np.float64)[answered]
        counted = (counts.max(axis=0, initial=0) > 1).all()  # a person who gave verdicts only says 1
        if counted and len(np.unique(counts)) <= _MOST_COUNTS:
            e = agreement(counts, "alpha-interval", problem, level=asked.level)
            yield {**shared, "quantity": "alpha of counts", **_numbers(e)}


def _differential(
    part: pd.DataFrame, about: dict[str, Any], asked: Asked, group: str, reference: str
) -> Iterator[dict[str, Any]]:
    """Difference of an error rate between two groups: where it is not 0, a comparison of them is off."""
    kept = part["verdict_a"].isin(ANSWERS) & part["verdict_b"].isin(ANSWERS)
    rows = part[kept & part[asked.by].isin([group, reference])]
    agree = (rows["verdict_a"] == rows["verdict_b"]).to_numpy(dtype=np.float64)
    mine = (rows[asked.by] == group).to_numpy()
    true = (rows["verdict_b"] == "present").to_numpy()
    where = np.unique(rows["problem"].to_numpy(dtype=np.int64), return_inverse=True)[1]
    for name, kept_here in (("sensitivity", true), ("specificity", ~true)):
        sides = [kept_here & mine, kept_here & ~mine]
        sizes: list[Floats] = [side.astype(np.float64) for side in sides]
        e = _difference([agree * size for size in sizes], sizes, where, asked.level)
        yield {
            **about,
            "by": asked.by,
            "group": group,
            "reference": reference,
            **dict.fromkeys(("both", "only_judge", "only_against", "neither", "unanswered"), 0),
            "quantity": name,
            **_numbers(e),
        }


def _difference(hits: list[Floats], sizes: list[Floats], where: Codes, level: float) -> Estimate:
    a, n_a, b, n_b = (cluster_sums(x, where) for pair in zip(hits, sizes, strict=True) for x in pair)
    n, fewest = int(sum(s.sum() for s in sizes)), min(np.count_nonzero(n_a), np.count_nonzero(n_b))
    if fewest < _FEWEST:
        why = f"only {fewest} problems on a side: no difference is shown"
        return Estimate(np.nan, np.nan, np.nan, level, why, len(n_a), n)
    found = contrast_of_sums(a, n_a, b, n_b, paired=False, shares=True, level=level, n=n)
    e = found.difference
    return Estimate(e.value, e.low, e.high, level, e.method, e.n_clusters, n, LIKE, found.p_value)


def _numbers(e: Estimate) -> dict[str, Any]:
    return {
        "value": e.value,
        "low": e.low,
        "high": e.high,
        "level": e.level,
        "p_value": e.p_value,
        "method": e.method,
        "n_problems": e.n_problems,
        "n_units": e.n,
    }
