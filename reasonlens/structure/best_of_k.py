"""The expected best of k samples, as pass@k has it for right and wrong."""

from __future__ import annotations

from math import comb

import numpy as np
import numpy.typing as npt

__all__ = ["best_of_k"]


def best_of_k(values: npt.ArrayLike, k: int) -> float:
    """Return the expected largest of k values drawn without replacement.

    ``sum_i x_(i) C(i - 1, k - 1) / C(n, k)`` over the sorted values ``x_(1) <= ... <= x_(n)``: the i-th is
    the largest of C(i - 1, k - 1) of the C(n, k) sets. For values 0 and 1 this is the unbiased pass@k of
    Chen et al. (2021, arXiv:2107.03374).

    Parameters
    ----------
    values
        One number per sample, shape (n,).
    k
        Size of a set, from 1 to n.

    Returns
    -------
    float
        NaN if there are fewer than k values, or one is NaN.

    Examples
    --------
    >>> best_of_k([0.0, 0.5, 1.0], 2)  # the largest of each pair: 0.5, 1 and 1
    0.8333333333333334
    """
    data = np.sort(np.asarray(values, dtype=np.float64))
    n = len(data)
    if not 1 <= k <= n or np.isnan(data).any():
        return float("nan")
    weights = np.array([comb(i, k - 1) / comb(n, k) for i in range(n)])
    return float(weights @ data)
