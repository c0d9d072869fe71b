"""Sums per problem as arrays: which traces are in, which are out and why, for each group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from reasonlens.core.errors import UnknownNameError
from reasonlens.core.tables import HEALTH, MODEL_KINDS, POOLED
from reasonlens.stats.sums import Sums

__all__ = ["Cells", "Selection", "ordered"]

_BY = ("model_kind", "model", "condition")
_JOIN = " | "
_NO_TOKENS = "number of model tokens unknown"
_CONDITION = "condition is not"
_SIZES = ("traces", "words", "chars", "model_tokens")

Key = tuple[str, str]
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Columns = dict[str, Floats]


def ordered(groups: Iterable[str]) -> list[str]:
    """Sort groups: model kinds in their order of making, then other names by the alphabet."""
    rank = {kind: place for place, kind in enumerate(MODEL_KINDS)}
    return sorted(groups, key=lambda name: (rank.get(name.split(_JOIN)[0], len(rank)), name))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which traces an estimate uses.

    ``exclude`` are health flags; ``without`` is the flag that makes this a sensitivity row.
    """

    per: str
    exclude: tuple[str, ...]
    without: str
    condition: str | None

    def reasons(self, frame: pd.DataFrame) -> npt.NDArray[np.object_]:
        """Say for each row of sums why it is left out; empty where it is used."""
        why = np.full(len(frame), "", dtype=object)
        if self.per == "model-tokens" and "tokenized" in frame:
            why[~frame["tokenized"].to_numpy(dtype=np.bool_)] = _NO_TOKENS
        for flag in reversed(self.exclude):
            why[has_flag(frame["health"], flag)] = flag
        if self.condition is not None:
            why[(frame["condition"] != self.condition).to_numpy()] = f"{_CONDITION} {self.condition}"
        return why

    def kept(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of sums that are used."""
        kept: pd.DataFrame = frame[self.reasons(frame) == ""]
        return kept


def has_flag(health: pd.Series[str], flag: str) -> Flags:
    """Tell for each joined health value (``looping+truncated``) whether it holds a flag."""
    codes, values = pd.factorize(health)
    table = np.array([flag in str(value).split("+") for value in values], dtype=np.bool_)
    found: Flags = table[codes] if len(table) else np.zeros(len(health), np.bool_)
    return found


class Cells:
    """Sums of the selected traces per data set, group and problem."""

    def __init__(self, sums: Sums, by: Sequence[str], selection: Selection, pooled: bool) -> None:
        for name in by:
            if name not in _BY:
                raise UnknownNameError("grouping", name, _BY)
        sizes = sums.sizes
        self._groups = _Names(sizes, by)
        self._datasets = _Names(sizes, ["dataset"])
        several = pooled and len(self._datasets.names) > 1
        slot = self._datasets.codes * len(self._groups.names) + self._groups.codes
        self._keys = [(d, g) for d in self._datasets.names for g in self._groups.names]
        self._pooled = several
        why = selection.reasons(sizes)
        traces = sizes["traces"].to_numpy(dtype=np.float64)
        self._out = self._left_out(slot, why, traces)
        self._flags = self._flag_counts(slot, sizes, selection, traces)
        used = np.asarray(why == "", dtype=np.bool_)
        problem = _Names(sizes, ["dataset", "problem_id"]).codes
        columns = {name: sizes[name].to_numpy(dtype=np.float64) for name in _SIZES}
        self._sizes = self._split(slot, problem, columns, used)
        self._hits: dict[tuple[str, ...], tuple[Codes, Columns]] = {}
        cell, category = sums.hits["cell"].to_numpy(), sums.hits["category"].to_numpy()
        for number, pair in enumerate(sums.categories):
            here = np.flatnonzero((category == number) & used[cell])
            values = {n: sums.hits[n].to_numpy(dtype=np.float64)[here] for n in ("hits", "present")}
            rows = cell[here]
            found = self._split(slot[rows], problem[rows], values, np.ones(len(rows), np.bool_))
            self._hits.update({(*key, *pair): found_cell for key, found_cell in found.items()})

    def groups(self) -> list[Key]:
        """Return the (data set, group) pairs, also those that lost every trace; pooled last."""
        lost = {
            key for key, why in self._out.items() if any(not reason.startswith(_CONDITION) for reason in why)
        }
        keys = set(self._sizes) | lost
        names = ordered({group for _, group in keys})
        datasets = sorted({dataset for dataset, _ in keys}, key=lambda d: (d == POOLED, d))
        return [(d, g) for d in datasets for g in names if (d, g) in keys]

    def problems(self, key: Key) -> Codes:
        """Return the codes of the problems that a group has, ascending."""
        cell = self._sizes.get(key)
        return np.empty(0, dtype=np.int64) if cell is None else cell[0]

    def sizes(self, key: Key, column: str, problems: Codes) -> Floats:
        """Return a denominator per problem, 0 where the group has no trace."""
        return _on(self._sizes.get(key), column, problems)

    def hits(self, key: Key, category: tuple[str, str], column: str, problems: Codes) -> Floats:
        """Return hits (or traces with hits) per problem, 0 where there are none."""
        return _on(self._hits.get((*key, *category)), column, problems)

    def traces(self, key: Key) -> int:
        """Return the number of traces used of a group."""
        cell = self._sizes.get(key)
        return 0 if cell is None else int(cell[1]["traces"].sum())

    def flagged(self, key: Key, flag: str) -> int:
        """Return how many traces of a group carry a health flag, whether they are used or not."""
        return self._flags.get((*key, flag), 0)

    def excluded(self, keys: Iterable[Key]) -> tuple[int, str]:
        """Return how many traces of some groups are left out, and why."""
        found: dict[str, int] = {}
        for key in keys:
            for why, n in self._out.get(key, {}).items():
                found[why] = found.get(why, 0) + n
        return sum(found.values()), "; ".join(f"{why}: {n}" for why, n in sorted(found.items()))

    def _totals(self, slot: Codes, traces: Floats) -> dict[Key, int]:
        """Count traces per (data set, group), and per group of all data sets."""
        count = np.bincount(slot, traces, len(self._keys)).astype(np.int64)
        found = {self._keys[i]: int(count[i]) for i in np.flatnonzero(count)}
        if self._pooled:
            for i in np.flatnonzero(count):
                key = (POOLED, self._keys[i][1])
                found[key] = found.get(key, 0) + int(count[i])
        return found

    def _left_out(
        self, slot: Codes, why: npt.NDArray[np.object_], traces: Floats
    ) -> dict[Key, dict[str, int]]:
        out: dict[Key, dict[str, int]] = {}
        for reason in sorted(set(why) - {""}):
            here = why == reason
            for key, n in self._totals(slot[here], traces[here]).items():
                out.setdefault(key, {})[reason] = n
        return out

    def _flag_counts(
        self, slot: Codes, sizes: pd.DataFrame, selection: Selection, traces: Floats
    ) -> dict[tuple[str, str, str], int]:
        counted = np.ones(len(sizes), np.bool_)
        if selection.condition is not None:
            counted = (sizes["condition"] == selection.condition).to_numpy(dtype=np.bool_)
        found: dict[tuple[str, str, str], int] = {}
        for flag in HEALTH:
            here = counted & has_flag(sizes["health"], flag)
            totals = self._totals(slot[here], traces[here])
            found.update({(*key, flag): n for key, n in totals.items()})
        return found

    def _split(
        self, slot: Codes, problem: Codes, columns: Columns, used: Flags
    ) -> dict[Key, tuple[Codes, Columns]]:
        """Add up columns per problem of each (data set, group), and of each group pooled."""
        rows = np.flatnonzero(used)
        found = {
            self._keys[number]: cell
            for number, cell in _summed(slot[rows], problem[rows], columns, rows).items()
        }
        if self._pooled:
            group = slot[rows] % len(self._groups.names)
            for number, cell in _summed(group, problem[rows], columns, rows).items():
                found[POOLED, self._groups.names[number]] = cell
        return found


class _Names:
    """The different values of some columns, joined, and the number of each row's value."""

    def __init__(self, frame: pd.DataFrame, columns: Sequence[str]) -> None:
        number = frame.groupby(list(columns), sort=True).ngroup().to_numpy()
        _, first = np.unique(number, return_index=True)
        parts = [frame[name].astype("str").iloc[first].to_list() for name in columns]
        self.codes: Codes = number.astype(np.int64)
        self.names = [_JOIN.join(values) for values in zip(*parts, strict=True)]


def _summed(slot: Codes, problem: Codes, columns: Columns, rows: Codes) -> dict[int, tuple[Codes, Columns]]:
    """Split rows by slot and add up their columns by problem, problems ascending."""
    if not len(slot):
        return {}
    size = int(problem.max()) + 1
    key, place = np.unique(slot * size + problem, return_inverse=True)
    totals: Columns = {
        name: np.bincount(place, values[rows], len(key)).astype(np.float64)
        for name, values in columns.items()
    }
    edges = np.flatnonzero(np.diff(key // size, prepend=-1))
    found: dict[int, tuple[Codes, Columns]] = {}
    for start, end in zip(edges, [*edges[1:], len(key)], strict=True):
        part = slice(int(start), int(end))
        cell = {name: values[part] for name, values in totals.items()}
        found[int(key[start] // size)] = (key[part] % size, cell)
    return found


def _on(cell: tuple[Codes, Columns] | None, column: str, problems: Codes) -> Floats:
    """Return a column for given problems, 0 where the cell has none of one."""
    result = np.zeros(len(problems), dtype=np.float64)
    if cell is None or not len(problems):
        return result
    codes, columns = cell
    at = np.searchsorted(codes, problems)
    at[at == len(codes)] = 0
    there = codes[at] == problems
    result[there] = columns[column][at[there]]
    return result
