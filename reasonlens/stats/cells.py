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

Key = tuple[str, str]
Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


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

    def reasons(self, frame: pd.DataFrame) -> pd.Series[str]:
        """Say for each row of sums why it is left out; empty where it is used."""
        why = pd.Series("", index=frame.index, dtype="str")
        if self.per == "model-tokens" and "tokenized" in frame:
            why[~frame["tokenized"]] = _NO_TOKENS
        flags = frame["health"].str.split("+")
        for flag in reversed(self.exclude):
            why[flags.map(lambda found, flag=flag: flag in found)] = flag
        if self.condition is not None:
            why[frame["condition"] != self.condition] = f"{_CONDITION} {self.condition}"
        return why

    def kept(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of sums that are used."""
        return frame[self.reasons(frame) == ""]


class Cells:
    """Sums of the selected traces per data set, group and problem."""

    def __init__(self, sums: Sums, by: Sequence[str], selection: Selection, pooled: bool) -> None:
        for name in by:
            if name not in _BY:
                raise UnknownNameError("grouping", name, _BY)
        sizes = _labelled(sums.sizes, by)
        why = selection.reasons(sizes)
        several = pooled and sizes["dataset"].nunique() > 1
        self._out = _left_out(sizes, why, several)
        self._flags = _flag_counts(sizes, selection, several)
        codes = pd.MultiIndex.from_frame(sizes[["dataset", "problem_id"]].drop_duplicates())
        kept = _numbered(sizes[why == ""], codes)
        self._sizes = _cells(_doubled(kept, several), ("traces", "words", "chars", "model_tokens"), ())
        hits = _numbered(selection.kept(_labelled(sums.hits, by)), codes)
        self._hits = _cells(_doubled(hits, several), ("hits", "present"), ("lexicon", "category"))

    def groups(self) -> list[Key]:
        """Return the (data set, group) pairs, also those that lost every trace; pooled last."""
        lost = {
            key for key, why in self._out.items() if any(not reason.startswith(_CONDITION) for reason in why)
        }
        keys = {(key[0], key[1]) for key in self._sizes} | lost
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


def _labelled(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    group = frame[by[0]].astype("str")
    for name in by[1:]:
        group = group + _JOIN + frame[name].astype("str")
    return frame.assign(group=group)


def _doubled(frame: pd.DataFrame, several: bool) -> pd.DataFrame:
    return pd.concat([frame, frame.assign(dataset=POOLED)], ignore_index=True) if several else frame


def _numbered(frame: pd.DataFrame, codes: pd.MultiIndex) -> pd.DataFrame:
    place = codes.get_indexer(pd.MultiIndex.from_frame(frame[["dataset", "problem_id"]]))
    return frame.assign(problem=place)


def _left_out(sizes: pd.DataFrame, why: pd.Series[str], several: bool) -> dict[Key, dict[str, int]]:
    frame = _doubled(sizes.assign(why=why)[why != ""], several)
    out: dict[Key, dict[str, int]] = {}
    total = frame.groupby(["dataset", "group", "why"], as_index=False)["traces"].sum()
    for dataset, group, reason, n in total.itertuples(index=False, name=None):
        out.setdefault((dataset, group), {})[reason] = int(n)
    return out


def _flag_counts(sizes: pd.DataFrame, selection: Selection, several: bool) -> dict[tuple[str, str, str], int]:
    if selection.condition is not None:
        sizes = sizes[sizes["condition"] == selection.condition]
    frame = _doubled(sizes, several)
    flags = frame["health"].str.split("+")
    found: dict[tuple[str, str, str], int] = {}
    for flag in HEALTH:
        some = frame[flags.map(lambda names, flag=flag: flag in names).astype(bool)]
        total = some.groupby(["dataset", "group"], as_index=False)["traces"].sum()
        for dataset, group, n in total.itertuples(index=False, name=None):
            found[dataset, group, flag] = int(n)
    return found


def _cells(
    frame: pd.DataFrame, values: Sequence[str], more: Sequence[str]
) -> dict[tuple[str, ...], tuple[Codes, dict[str, Floats]]]:
    """Split sums into one ascending array of problems and its columns per cell."""
    keys = ["dataset", "group", *more]
    total = frame.groupby([*keys, "problem"], sort=True)[list(values)].sum().reset_index()
    return {
        tuple(str(name) for name in np.atleast_1d(np.asarray(key, dtype=object))): (
            part["problem"].to_numpy(dtype=np.int64),
            {name: part[name].to_numpy(dtype=np.float64) for name in values},
        )
        for key, part in total.groupby(keys, sort=False)
    }


def _on(cell: tuple[Codes, dict[str, Floats]] | None, column: str, problems: Codes) -> Floats:
    result = np.zeros(len(problems))
    if cell is None:
        return result
    codes, values = cell
    place = np.searchsorted(codes, problems)
    place[place == len(codes)] = 0
    here = codes[place] == problems if len(codes) else np.zeros(len(problems), dtype=bool)
    result[here] = values[column][place[here]]
    return result
