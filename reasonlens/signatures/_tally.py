"""What the traces said, added up by model and problem, with a few quotes as evidence.

Memory is bounded by models x problems x measures, never by the number of traces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reasonlens.core.tables import HEALTH, POOLED
from reasonlens.signatures import Seen

__all__ = ["Evidence", "Group", "Sums", "Tally"]

Floats = npt.NDArray[np.float64]


class Group(NamedTuple):
    """What is diagnosed: a model under one condition."""

    model_kind: str
    model: str
    condition: str


class Evidence(NamedTuple):
    """A trace that shows a sign; the lowest ranks are kept, a sample that does not depend on order."""

    rank: str
    trace_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class Sums:
    """A measure of one group: sums per problem (sorted), and what was left out."""

    problems: tuple[tuple[str, str], ...]
    x: Floats
    of: Floats
    n: Floats
    y: Floats
    excluded: Mapping[str, int]


@dataclass(slots=True)
class Tally:
    """Sums of `Seen` by measure, group, data set, problem and health flags."""

    seed: int = 0
    keep: int = 3
    _sums: dict[tuple[str, Group], dict[tuple[str, str, str], list[float]]] = field(default_factory=dict)
    _out: dict[tuple[str, Group], dict[tuple[str, str, str], int]] = field(default_factory=dict)
    _evidence: dict[tuple[str, Group, str], list[Evidence]] = field(default_factory=dict)

    def add(
        self,
        measure: str,
        group: Group,
        dataset: str,
        problem: str,
        health: tuple[str, ...],
        trace_id: str,
        seen: Seen,
    ) -> None:
        """Add what one trace said of a measure."""
        flags = "+".join(sorted(health))
        if not seen.of:
            left = self._out.setdefault((measure, group), {})
            left[dataset, flags, seen.why] = left.get((dataset, flags, seen.why), 0) + 1
            return
        sums = self._sums.setdefault((measure, group), {})
        cell = sums.setdefault((dataset, problem, flags), [0.0] * 4)
        cell[0] += seen.x
        cell[1] += seen.of
        cell[2] += 1
        cell[3] += seen.y
        if seen.quote:
            rank = hashlib.blake2b(f"{self.seed}:{trace_id}".encode(), digest_size=8).hexdigest()
            self._keep((measure, group, dataset), [Evidence(rank, trace_id, seen.quote)])

    def merge(self, other: Tally) -> None:
        """Add the sums of `other`."""
        for key, cells in other._sums.items():
            sums = self._sums.setdefault(key, {})
            for where, values in cells.items():
                cell = sums.setdefault(where, [0.0] * 4)
                for i, value in enumerate(values):
                    cell[i] += value
        for key, left in other._out.items():
            out = self._out.setdefault(key, {})
            for why, n in left.items():
                out[why] = out.get(why, 0) + n
        for place, found in other._evidence.items():
            self._keep(place, found)

    def _keep(self, place: tuple[str, Group, str], found: list[Evidence]) -> None:
        held = sorted({*self._evidence.get(place, []), *found})
        self._evidence[place] = held[: self.keep]

    def groups(self) -> list[Group]:
        """Return every group that has been seen, sorted."""
        return sorted({group for _, group in (*self._sums, *self._out)})

    def datasets(self, group: Group) -> list[str]:
        """Return the data sets of a group; the pooled one comes last if there are several."""
        found = {d for (_, g), cells in self._sums.items() if g == group for d, _, _ in cells}
        found |= {d for (_, g), left in self._out.items() if g == group for d, _, _ in left}
        return [*sorted(found), *([POOLED] if len(found) > 1 else [])]

    def sums(self, measure: str, group: Group, dataset: str, exclude: tuple[str, ...]) -> Sums:
        """Return the sums of a measure per problem, without traces that carry a flag of `exclude`."""
        total: dict[tuple[str, str], list[float]] = {}
        out: dict[str, int] = {}
        for (where, problem, flags), cell in self._sums.get((measure, group), {}).items():
            if dataset not in (where, POOLED):
                continue
            flag = _first(flags, exclude)
            if flag:
                out[flag] = out.get(flag, 0) + int(cell[2])
                continue
            kept = total.setdefault((where, problem), [0.0] * 4)
            for i, value in enumerate(cell):
                kept[i] += value
        for (where, flags, why), n in self._out.get((measure, group), {}).items():
            if dataset in (where, POOLED):
                reason = _first(flags, exclude) or why
                out[reason] = out.get(reason, 0) + n
        problems = tuple(sorted(total))
        x, of, size, y = np.array([total[p] for p in problems], dtype=np.float64).reshape(-1, 4).T
        return Sums(problems, x, of, size, y, dict(sorted(out.items())))

    def has_flag(self, measure: str, group: Group, dataset: str, flag: str) -> bool:
        """Tell whether a trace behind a measure carries a health flag."""
        cells = self._sums.get((measure, group), {})
        return any(flag in flags.split("+") and dataset in (where, POOLED) for where, _, flags in cells)

    def evidence(self, measure: str, group: Group, dataset: str) -> list[Evidence]:
        """Return the kept evidence of a measure, in an order that does not depend on the input's."""
        places = [p for p in self._evidence if p[:2] == (measure, group) and dataset in (p[2], POOLED)]
        return sorted(e for place in places for e in self._evidence[place])[: self.keep]


def _first(flags: str, exclude: tuple[str, ...]) -> str:
    carried = flags.split("+")
    return next((flag for flag in HEALTH if flag in exclude and flag in carried), "")
