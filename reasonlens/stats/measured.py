"""Measures of traces: a numerator and a denominator per trace, grouped, selected and summed.

Everything that `reasonlens compare` can compare is a `Measure` over columns of numbers with one row per
trace (`Traces`). A `Sheet` holds its sums per group and problem for one choice of traces, with what
was left out; statistics start from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from reasonlens.core.errors import SchemaError, StatisticsError, UnknownNameError
from reasonlens.core.tables import HEALTH, MODEL_KINDS, POOLED
from reasonlens.stats.arrays import Floats
from reasonlens.stats.cells import ordered

__all__ = ["ABOUT", "BY", "NOT_SHARED", "Choice", "Grouped", "Measure", "Sheet", "Traces"]

ABOUT = ("dataset", "problem_id", "model", "model_kind", "condition", "health")
"""What is known of a trace beside its numbers; ``health`` is the flags joined by ``+`` (or ``ok``)."""

BY = ("model_kind", "model", "condition")
KINDS = ("rate", "share", "mean")
NOT_SHARED = "problem not shared"

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Measure:
    """What is compared: ``scale * sum(numerator) / sum(denominator)``.

    Parameters
    ----------
    name
        Its name, for instance ``accuracy`` or ``LEXICON/CATEGORY/words``.
    kind
        ``"rate"`` (hits per words), ``"share"`` (0/1 per trace) or ``"mean"`` (a quantity per trace).
    numerator, denominator
        Columns of `Traces.numbers`. A trace where either is NaN is left out because of `missing`.
    unit, scale
        Unit as shown, and the factor that makes it.
    missing
        Why a trace has no value.
    text
        Whether it describes the text, so that empty responses are left out unless asked for.
    flag
        The health flag that it measures, if any: there is no row without it.
    """

    name: str
    kind: str
    numerator: str
    denominator: str
    unit: str
    scale: float = 1.0
    missing: str = "not measured"
    text: bool = True
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Traces:
    """One row per trace: `about` has the columns `ABOUT`, `numbers` any columns of floats."""

    about: pd.DataFrame
    numbers: pd.DataFrame

    def __post_init__(self) -> None:
        missing = [name for name in ABOUT if name not in self.about]
        if missing:
            raise SchemaError(f"the traces lack the columns {', '.join(missing)}")
        if len(self.about) != len(self.numbers):
            raise SchemaError(f"{len(self.about)} traces have {len(self.numbers)} rows of numbers")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which traces are used.

    ``exclude`` are health flags, or ``None`` for "empty responses, where a text is described";
    ``without`` are the flags that make this a sensitivity row.
    """

    exclude: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    condition: str | None = None

    def __post_init__(self) -> None:
        for flag in (*(self.exclude or ()), *self.without):
            if flag not in HEALTH:
                raise UnknownNameError("health flag", flag, HEALTH)

    def flags(self, measure: Measure) -> tuple[str, ...]:
        """Return the health flags that leave a trace out of `measure`."""
        usual = ("empty",) if measure.text else ()
        return (*(usual if self.exclude is None else self.exclude), *self.without)


class Grouped:
    """Traces with codes for groups, problems and data sets, made once for all measures.

    Parameters
    ----------
    traces
        The traces.
    by
        ``"model_kind"``, ``"model"`` or ``"condition"``.
    """

    def __init__(self, traces: Traces, by: str = "model_kind") -> None:
        if by not in BY:
            raise UnknownNameError("grouping", by, BY)
        about = traces.about
        if about.empty:
            raise StatisticsError("there are no traces to compare")
        self.traces, self.by = traces, by
        self.names = _names(about, by)
        self.group = pd.Index(self.names).get_indexer(pd.Index(about[by])).astype(np.int64)
        keys = about.groupby(["dataset", "problem_id"], sort=True)
        self.problem: Codes = keys.ngroup().to_numpy().astype(np.int64)
        self.dataset_of = np.array([dataset for dataset, _ in keys.size().index], dtype=object)
        self.model: Codes = about["model"].factorize(sort=True)[0].astype(np.int64)
        self.datasets = sorted(set(self.dataset_of.tolist()))
        self.scopes = [*self.datasets, POOLED] if len(self.datasets) > 1 else list(self.datasets)

    def of_scope(self, scope: str) -> Mask:
        """Tell for each problem whether it belongs to a data set (or to all of them)."""
        if scope == POOLED:
            return np.ones(len(self.dataset_of), dtype=np.bool_)
        return np.asarray(self.dataset_of == scope, dtype=np.bool_)

    def flagged(self, flag: str) -> Mask:
        """Tell for each trace whether it carries a health flag."""
        health = self.traces.about["health"]
        carrying = [name for name in health.unique() if flag in name.split("+")]
        return health.isin(carrying).to_numpy(dtype=np.bool_)

    def reference(self, name: str | None) -> str:
        """Return the group to compare with: the one named, else the first (base comes first)."""
        if name is None:
            return self.names[0]
        if name not in self.names:
            raise UnknownNameError("group", name, self.names)
        return name


def _names(about: pd.DataFrame, by: str) -> list[str]:
    """Return the groups in order: model kinds as they come about, models by their kind, then name."""
    if by != "model":
        return ordered(about[by].unique())
    rank = {kind: place for place, kind in enumerate(MODEL_KINDS)}
    pairs = about[["model", "model_kind"]].drop_duplicates()
    first = pairs["model_kind"].map(lambda kind: rank.get(kind, len(rank))).groupby(pairs["model"]).min()
    return sorted(first.index, key=lambda name: (int(first[name]), name))


class Sheet:
    """A measure summed per group and problem, with what was left out and why.

    Attributes
    ----------
    hits, sizes, counts
        Sums of numerator and denominator, and number of traces used, shape (groups, problems).
    rows
        Places of the traces used.
    """

    def __init__(self, grouped: Grouped, measure: Measure, choice: Choice) -> None:
        self.grouped, self.measure, self.choice = grouped, measure, choice
        numbers = grouped.traces.numbers
        for name in (measure.numerator, measure.denominator):
            if name not in numbers:
                raise SchemaError(f"the measure {measure.name!r} needs the column {name!r} of each trace")
        top = numbers[measure.numerator].to_numpy(dtype=np.float64)
        bottom = numbers[measure.denominator].to_numpy(dtype=np.float64)
        why, self._reasons = self._why(np.isnan(top) | np.isnan(bottom))
        self.rows: Codes = np.flatnonzero(why == 0)
        self.top, self.bottom = top[self.rows], bottom[self.rows]
        self.hits = self._summed(self.top)
        self.sizes = self._summed(self.bottom)
        self.counts = self._summed(np.ones(len(self.rows)))
        out = np.flatnonzero(why)
        shape = (len(self._reasons), len(grouped.names), len(grouped.dataset_of))
        at = np.ravel_multi_index((why[out] - 1, grouped.group[out], grouped.problem[out]), shape)
        self._out = np.bincount(at, minlength=int(np.prod(shape))).reshape(shape)

    def _why(self, unknown: Mask) -> tuple[Codes, list[str]]:
        """Return for each trace 0 or 1 + the place of the reason why it is left out; first reasons win."""
        found: list[tuple[str, Mask]] = []
        wanted = self.choice.condition
        if wanted is not None:
            other = (self.grouped.traces.about["condition"] != wanted).to_numpy(dtype=np.bool_)
            found.append((f"condition is not {wanted}", other))
        found += [(flag, self.grouped.flagged(flag)) for flag in self.choice.flags(self.measure)]
        found.append((self.measure.missing, unknown))
        why = np.zeros(len(unknown), dtype=np.int64)
        for place in range(len(found), 0, -1):
            why[found[place - 1][1]] = place
        return why, [name for name, _ in found]

    def _summed(self, values: Floats) -> Floats:
        shape = (len(self.grouped.names), len(self.grouped.dataset_of))
        at = self.grouped.group[self.rows] * shape[1] + self.grouped.problem[self.rows]
        sums = np.bincount(at, weights=values, minlength=shape[0] * shape[1])
        return sums.astype(np.float64).reshape(shape)

    def place(self, group: str) -> int:
        """Return the row of a group."""
        return self.grouped.names.index(group)

    def has(self, group: str, scope: str) -> bool:
        """Tell whether a group has any trace, used or not, in a data set."""
        g, here = self.place(group), self.grouped.of_scope(scope)
        return bool(self.counts[g][here].any() or self._out[:, g][:, here].any())

    def touched(self, groups: Iterable[str], scope: str) -> int:
        """Return how many traces the flags of `Choice.without` take from some groups."""
        here, names = self.grouped.of_scope(scope), [self.place(group) for group in groups]
        places = [i for i, name in enumerate(self._reasons) if name in self.choice.without]
        return int(self._out[np.ix_(places, names)][:, :, here].sum())

    def excluded(self, groups: Sequence[str], scope: str, kept: Mask | None = None) -> tuple[int, str]:
        """Return how many traces of some groups are left out and why; `kept` are the problems used."""
        here, places = self.grouped.of_scope(scope), [self.place(group) for group in groups]
        found = {
            name: int(self._out[i][places][:, here].sum())
            for i, name in enumerate(self._reasons)
            if self._out[i][places][:, here].any()
        }
        if kept is not None and self.counts[places][:, here & ~kept].any():
            found[NOT_SHARED] = int(self.counts[places][:, here & ~kept].sum())
        return sum(found.values()), "; ".join(f"{why}: {n}" for why, n in sorted(found.items()))

    def of_group(self, group: str, kept: Mask) -> Codes:
        """Return which of the traces used belong to a group and to some problems."""
        rows = self.rows
        mine = (self.grouped.group[rows] == self.place(group)) & kept[self.grouped.problem[rows]]
        return np.flatnonzero(mine)
