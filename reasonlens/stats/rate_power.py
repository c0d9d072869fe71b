"""Before sampling: what ratio of rates can be seen with P problems and K responses per problem."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.power import t_power

__all__ = ["detectable_rate_ratio", "rate_error"]


def rate_error(
    problems: int,
    hits_a: float,
    hits_b: float,
    *,
    responses: int,
    dispersion: float = 1.0,
    effect_sd: float = 0.0,
) -> float:
    """Standard error of a log rate ratio from P problems with the given expected hits per problem.

    ``SE^2 = (effect_sd^2 + 1 / m_a + 1 / m_b + 2 dispersion / K) / P``, with expected hits
    ``m = rate x words x K`` and negative binomial responses (variance ``mu + dispersion mu^2``).

    Examples
    --------
    >>> round(rate_error(30, 16, 16, responses=8), 3)  # sqrt((2/16 + 2/8) / 30)
    0.112
    """
    if not (hits_a > 0 and hits_b > 0 and problems >= 2 and responses >= 1):
        raise StatisticsError(
            "expected hits and numbers of problems (2 or more) and responses must be positive"
        )
    return float(np.sqrt((effect_sd**2 + 1 / hits_a + 1 / hits_b + 2 * dispersion / responses) / problems))


def detectable_rate_ratio(
    problems: int,
    responses: int,
    rate: float,
    words: float,
    *,
    dispersion: float = 1.0,
    effect_sd: float = 0.5,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float:
    """Smallest rate ratio above 1 that a paired t test of log rates finds with the given chance.

    Parameters
    ----------
    problems, responses
        P, and K per problem and arm.
    rate
        Hits per 1,000 words in the arm with fewer.
    words
        Words per response.
    dispersion
        Negative binomial dispersion of a response's hits given its problem.
    effect_sd
        Standard deviation over problems of the true log ratio.

    Examples
    --------
    >>> round(detectable_rate_ratio(30, 8, 5.0, 400), 2)
    1.51
    """
    base = rate / 1000 * words * responses

    def gap(log_ratio: float) -> float:
        error = rate_error(
            problems,
            base * float(np.exp(log_ratio)),
            base,
            responses=responses,
            dispersion=dispersion,
            effect_sd=effect_sd,
        )
        return t_power(log_ratio, error, problems, alpha) - power

    return float(np.exp(optimize.brentq(gap, 1e-9, 30.0, xtol=1e-10)))
