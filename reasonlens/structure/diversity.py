"""How much the reasoning of several samples of one problem differs, and what follows on what.

A pattern is the sequence of kinds of steps of a trace. Two patterns are as far apart as their edit distance
says, and a set of patterns has as many effective members as a set of equally frequent, wholly different ones
with the same diversity (Hill 1973, doi:10.2307/1934352; with distances Leinster & Cobbold 2012,
doi:10.1890/10-2402.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["BEGIN", "END", "distance", "distances", "effective_patterns", "hill", "transitions"]

BEGIN, END = "(begin)", "(end)"
"""Stand before the first and after the last step."""

Floats = npt.NDArray[np.float64]


def distance(a: Sequence[str], b: Sequence[str]) -> float:
    """Return the edit distance of two sequences divided by the length of the longer one.

    Insertions, deletions and replacements count 1 (Levenshtein); 0 is equal, 1 has nothing in common. NaN if
    both are empty.

    Examples
    --------
    >>> distance(["plan", "compute", "check"], ["plan", "check"])  # one of three is missing
    0.3333333333333333
    """
    if not a and not b:
        return float("nan")
    codes = {name: i for i, name in enumerate(dict.fromkeys([*a, *b]))}
    other = np.array([codes[x] for x in b], dtype=np.int64)
    places = np.arange(len(b) + 1)
    row = places.copy()
    for i, x in enumerate(a, start=1):
        step = np.minimum(row[1:] + 1, row[:-1] + (other != codes[x]))
        # an insertion after place k costs j - k: the minimum over k <= j runs along
        row = np.minimum.accumulate(np.r_[i, step] - places) + places
    return float(row[-1]) / max(len(a), len(b))


def distances(patterns: Sequence[Sequence[str]]) -> Floats:
    """Return the distance of each pair of patterns, shape (n, n), with zeros on the diagonal."""
    n = len(patterns)
    found = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            found[i, j] = found[j, i] = distance(patterns[i], patterns[j])
    return found


def hill(counts: npt.ArrayLike, order: float = 1.0) -> float:
    """Return the Hill number of counts: the effective number of equally frequent classes.

    ``(sum p^q)^(1 / (1 - q))``; for order 1 the limit, ``exp`` of Shannon's entropy. From n observations it
    is biased downwards: entropy by about ``(S - 1) / (2 n)`` for S classes (Miller 1955), as classes that are
    rare are missed. Compare only numbers from equally many observations.

    Examples
    --------
    >>> round(hill([5, 5]), 6), hill([10, 0]), round(hill([6, 2, 2], order=2), 3)
    (2.0, 1.0, 2.273)
    """
    data = np.asarray(counts, dtype=np.float64)
    data = data[data > 0]
    if not len(data):
        return float("nan")
    p = data / data.sum()
    if order == 1:
        return float(np.exp(-np.sum(p * np.log(p))))
    return float(np.sum(p**order) ** (1 / (1 - order)))


def effective_patterns(between: npt.ArrayLike) -> float:
    """Return the effective number of patterns of n samples, given their distances.

    Order 1 of Leinster & Cobbold with equal weights and similarity ``1 - distance``:
    ``exp(-mean_i log(mean_j (1 - d_ij)))``. It is 1 if all are equal and n if no two have anything in
    common; it grows with n, so compare only numbers from equally many samples.

    Parameters
    ----------
    between
        Distances between 0 and 1, shape (n, n).

    Examples
    --------
    >>> round(effective_patterns([[0, 0, 1], [0, 0, 1], [1, 1, 0]]), 4)  # as hill([2, 1])
    1.8899
    """
    table = np.asarray(between, dtype=np.float64)
    if not len(table) or np.isnan(table).any():
        return float("nan")
    return float(np.exp(-np.mean(np.log((1 - table).mean(axis=1)))))


def transitions(pattern: Sequence[str]) -> Counter[tuple[str, str]]:
    """Count which kind of step follows on which, with `BEGIN` and `END`.

    Examples
    --------
    >>> transitions(["plan", "check"])[("plan", "check")]
    1
    """
    return Counter(pairwise([BEGIN, *pattern, END])) if pattern else Counter()
