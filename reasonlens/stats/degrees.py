"""Degrees of freedom of a variance over problems, when a few problems carry most of it.

With normal contributions of P problems a variance is as well known as P - 1 degrees of freedom say. With
long tails it is known less well: its own variance, by the kurtosis of the contributions, gives ``2 P /
(kurtosis - 1)`` (moments matched as in Satterthwaite 1946, doi:10.2307/3002019).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

__all__ = ["degrees_of", "degrees_of_sum", "tail_at"]

Floats = npt.NDArray[np.float64]


def degrees_of(change: Floats) -> Floats:
    """Degrees of freedom of ``sum(change^2)``: ``2 P / (kurtosis - 1)``, from 1 to P - 1.

    Parameters
    ----------
    change
        Contribution of each problem, shape (P,) or (P, k); they add up to about 0.

    Returns
    -------
    numpy.ndarray
        One number per column, shape () or (k,); P - 1 where no problem contributes.

    Examples
    --------
    >>> float(degrees_of(np.array([1.0, -1, 2, -2, 0])))  # kurtosis 34 / 5 / 4 = 1.7; capped at 4
    4.0
    >>> float(degrees_of(np.array([3.0, -1, -1, -1])))  # kurtosis 84 / 4 / 9 = 7/3, so 8 / (4/3), capped
    3.0
    >>> round(float(degrees_of(np.array([9.0] + [-1.0] * 9))), 3)  # kurtosis 6570 / 10 / 81
    2.812
    """
    size = len(change)
    square = np.mean(change**2, axis=0)
    largest = np.sqrt(np.where(square > 0, square, 1.0))
    kurtosis = np.mean((change / largest) ** 4, axis=0)
    with np.errstate(divide="ignore"):
        degrees = np.where(square > 0, 2 * size / np.maximum(kurtosis - 1, 0.0), np.inf)
    return np.asarray(np.clip(degrees, 1.0, max(size - 1.0, 1.0)), dtype=np.float64)


def degrees_of_sum(a: float, degrees_a: float, b: float, degrees_b: float) -> float:
    """Degrees of freedom of the sum of two independent variances (Welch 1947, doi:10.2307/2332510).

    Examples
    --------
    >>> degrees_of_sum(1.0, 4.0, 1.0, 4.0), degrees_of_sum(1.0, 4.0, 0.0, 9.0)
    (8.0, 4.0)
    """
    spread = a * a / degrees_a + b * b / degrees_b
    return (a + b) ** 2 / spread if spread else degrees_a + degrees_b


def tail_at(tail: float, degrees: float, own: float, times: float = 1.0) -> float:
    """Tail of t with `own` degrees of freedom beyond the quantile that `tail` has with `degrees`.

    Limits made with `own` degrees of freedom, asked for this tail, are those of `degrees`, and with `times`
    as large an error.

    Examples
    --------
    >>> round(tail_at(0.025, 8.0, 4.0), 4), tail_at(0.025, 4.0, 4.0)  # t(8) has 2.306, t(4) beyond it .0412
    (0.0412, 0.025)
    """
    if degrees == own and times == 1:
        return tail
    return float(stdtr(own, stdtrit(degrees, tail) * times))
