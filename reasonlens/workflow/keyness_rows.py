"""Counts of phrases to rows of the table ``keyness``: per data set and pooled, ranked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from reasonlens.core.tables import POOLED, table
from reasonlens.lexicon.ngram_counts import Counts
from reasonlens.lexicon.ngram_sums import Tally
from reasonlens.stats.comparisons import ESTIMAND_SHARED
from reasonlens.stats.distinctive import COLUMNS, Floor, Side, distinctive
from reasonlens.stats.estimate import LIKE
from reasonlens.stats.keyness import log2_ratio
from reasonlens.stats.keyness_limits import LIMITS
from reasonlens.workflow.keyness_traces import Cells

__all__ = ["EFFECTS", "SIGNIFICANT", "Counted", "Test", "rows"]

EFFECTS = {"log-ratio": "log2_ratio", "log-odds": "log_odds_z"}
"""What can rank the terms, and its column."""

SIGNIFICANT = 0.05
"""A term has a rank if its adjusted p-value is at most this."""

_SAME = 0.9  # a phrase is part of a longer one that has at least this share of its hits
_BETWEEN = re.compile(r"(, | |-)")

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted: its kind, the unit of its rates, the hits, and the denominator per cell."""

    kind: str
    unit: str
    tally: Tally
    sizes: Floats


@dataclass(frozen=True, slots=True)
class Test:
    """How the two groups are compared."""

    a: str
    b: str
    text: str
    effect: str
    floor: Floor
    least: int
    paired: bool
    draws: int
    seed: int

    __test__ = False  # keeps pytest from collecting a class of this name


def rows(
    cells: Cells,
    counts: Counts,
    kinds: Sequence[Counted],
    test: Test,
    *,
    begin: Callable[[int], None] | None = None,
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """Return one row per tested term, data set and kind, in the schema of the table ``keyness``.

    The columns ``lexicon category entry`` are left empty. `begin` is called with the number of draws of all
    tests, `progress` with some of them as they are done.
    """
    families = [(counted, *each) for counted in kinds for each in _datasets(cells)]
    if begin:
        begin(len(families) * test.draws)
    made = [_rows(cells, counts, *family, test, progress) for family in families]
    whole = pd.concat(made, ignore_index=True)
    for name in ("lexicon", "category", "entry"):
        whole[name] = ""
    order = [name for name in table("keyness").schema.names if name in whole]
    return whole[order]


def _datasets(cells: Cells) -> Iterator[tuple[str, Flags]]:
    """Yield every data set with its problems, all of them together first if there are several."""
    of = np.array([dataset for dataset, _ in cells.problems], dtype=object)
    names = sorted(set(of.tolist()))
    if len(names) > 1:
        yield POOLED, np.ones(len(of), np.bool_)
    for name in names:
        yield name, of == name


def _rows(
    cells: Cells,
    counts: Counts,
    counted: Counted,
    dataset: str,
    there: Flags,
    test: Test,
    progress: Callable[[float], None] | None,
) -> pd.DataFrame:
    inside = there[cells.problem]
    hits = _matrix(counted.tally.hits, counted.tally, cells, counts)
    present = _matrix(counted.tally.present, counted.tally, cells, counts)
    keep = np.flatnonzero(counts.sizes >= test.least)
    sides = [
        _side(cells, hits[:, keep], counted.sizes, inside & (cells.side == side), there) for side in (0, 1)
    ]
    found = _compared(sides, counts.sizes[keep], test, progress)
    term = keep[found["term"].to_numpy(dtype=np.int64)]
    names = [counts.terms[i] for i in term]
    rows = found.assign(term=pd.Series(names, found.index, dtype="str"), size=counts.sizes[term])
    for name, side in (("a", 0), ("b", 1)):
        rows[f"traces_{name}"] = _total(present[:, term], inside & (cells.side == side)).astype(np.int64)
    for flag, flagged in (("looping", cells.looping), ("truncated", cells.truncated)):
        use = inside & ~flagged
        rows[f"log2_ratio_without_{flag}"] = _ratio(cells, hits[:, term], counted.sizes, use)
    rows["kind"] = (
        counted.kind if counted.kind == "opener" else np.where(rows["size"] == 1, "word", counted.kind)
    )
    rows["within"] = _within(names, (rows["hits_a"] + rows["hits_b"]).tolist())
    rows["ranked_by"] = EFFECTS[test.effect]
    rows["rank"] = _ranks(rows)
    return rows.assign(**_about(cells, counted, test, dataset, inside, len(rows)))


def _matrix(values: npt.NDArray[np.int64], tally: Tally, cells: Cells, counts: Counts) -> Any:
    shape = (len(cells.problem), len(counts.terms))
    return sparse.csr_array((values, (tally.cell, tally.term)), shape=shape)


def _side(cells: Cells, hits: Any, sizes: Floats, use: Flags, there: Flags) -> Side:
    """Add up the cells of one side by problem."""
    place = np.cumsum(there) - 1
    cell = np.flatnonzero(use)
    problem = place[cells.problem[cell]]
    adds = sparse.csr_array(
        (np.ones(len(cell), np.int64), (problem, cell)), shape=(int(there.sum()), len(cells.problem))
    )
    return Side(adds @ hits, np.bincount(problem, sizes[cell], int(there.sum())).astype(np.float64))


def _compared(
    sides: Sequence[Side],
    sizes: npt.NDArray[np.int64],
    test: Test,
    progress: Callable[[float], None] | None,
) -> pd.DataFrame:
    a, b = sides
    if not (a.words.sum() and b.words.sum()):  # a side wrote nothing here: nothing can be compared
        if progress:
            progress(test.draws)
        return pd.DataFrame({name: np.zeros(0) for name in COLUMNS})
    return distinctive(
        a,
        b,
        floor=test.floor,
        sizes=sizes,
        paired=test.paired,
        seed=test.seed,
        draws=test.draws,
        progress=progress,
    )


def _total(table: Any, use: Flags) -> Floats:
    """Add up the cells in `use`, per term."""
    total: Floats = np.asarray(table[np.flatnonzero(use)].sum(axis=0), dtype=np.float64).ravel()
    return total


def _ratio(cells: Cells, hits: Any, sizes: Floats, use: Flags) -> Floats:
    """Return the log ratio of only the cells in `use`; NaN if a side has no words in them."""
    sides = [use & (cells.side == side) for side in (0, 1)]
    words = [float(sizes[side].sum()) for side in sides]
    if not all(words):
        return np.full(hits.shape[1], np.nan)
    return log2_ratio(_total(hits, sides[0]), words[0], _total(hits, sides[1]), words[1])


def _within(terms: Sequence[str], hits: Sequence[int]) -> list[str]:
    """Name, for each phrase, the most frequent longer one that nearly always surrounds it."""
    number = {term: place for place, term in enumerate(terms)}
    found = [""] * len(terms)
    for place in sorted(range(len(terms)), key=lambda i: hits[i]):
        pieces = _BETWEEN.split(terms[place])
        for start in range(0, len(pieces), 2):
            for end in range(start + 1, len(pieces) + 1, 2):
                part = number.get("".join(pieces[start:end]), place)
                if part != place and hits[place] >= _SAME * hits[part]:
                    found[part] = terms[place]
    return found


def _ranks(rows: pd.DataFrame) -> pd.Series[float]:
    """Rank the significant terms of each kind and direction by effect; the others have no rank."""
    effect = rows[rows["ranked_by"].iloc[0]] if len(rows) else rows["log2_ratio"]
    use = (rows["p_adjusted"] <= SIGNIFICANT) & (rows["within"] == "")
    keys = [rows["kind"], rows["log2_ratio"] > 0]
    ranks: pd.Series[float] = effect.abs().where(use).groupby(keys).rank(method="first", ascending=False)
    return ranks


def _about(
    cells: Cells, counted: Counted, test: Test, dataset: str, inside: Flags, tests: int
) -> dict[str, Any]:
    """Return the columns that are the same for every row of a data set and kind."""
    why: dict[str, int] = {}
    for (of, reason), n in sorted(cells.left_out.items()):
        if dataset in (POOLED, of):
            why[reason] = why.get(reason, 0) + n
    name = f"{test.a} / {test.b}"
    floor = f"in {test.floor.problems} problems or more, DP {test.floor.dispersion:g} or less"
    permuted = "signs of problems flipped" if test.paired else "labels of problems permuted"
    what = "sentence openers" if counted.kind == "opener" else "words and phrases"
    return {
        "contrast": name,
        "group_a": test.a,
        "group_b": test.b,
        "dataset": dataset,
        "part": test.text,
        "unit": counted.unit,
        "family": f"{what}, {name}, {dataset}: {tests} tests (Benjamini-Hochberg)",
        "method": f"tested: {floor}, both sides together; p: {permuted}, {test.draws} draws; {LIMITS}",
        "estimand": ESTIMAND_SHARED if test.paired else LIKE,
        "n_problems": len(np.unique(cells.problem[inside])),
        "n_traces": int(cells.traces[inside].sum()),
        "seed": test.seed,
        "excluded": sum(why.values()),
        "excluded_why": "; ".join(f"{reason}: {n}" for reason, n in why.items()),
        "n_looping": int(cells.traces[inside & cells.looping].sum()),
    }
