"""How hard each problem is for another model: strata that no luck of the baseline has made."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reasonlens.core.errors import InputError
from reasonlens.workflow.ban_words import named_model
from reasonlens.workflow.correctness import correctness

__all__ = ["STRATA", "difficulty", "stratum"]

STRATA = ("never solved", "solved up to 25%", "solved 25-75%", "solved above 75%")
"""The strata by the share of the other model's responses that are right."""


def difficulty(source: str, model: str) -> pd.Series:
    """Return the stratum of each problem from the solve rate of another model.

    Parameters
    ----------
    source
        ``STUDY:MODEL``.
    model
        Whose ban is looked at: its own baseline cannot say how hard a problem is, since problems that were
        lucky there fall back in every other arm (regression to the mean).

    Returns
    -------
    pandas.Series
        Indexed by problem_id.

    Raises
    ------
    InputError
        If it is the same model, or none of its responses has a verdict.
    """
    place, other = named_model(source, "--difficulty-from")
    if other == model:
        raise InputError(
            f"--difficulty-from {source}: the model of the experiment cannot say how hard a problem is "
            "(what was lucky at baseline falls back in every arm); name another model"
        )
    rates = []
    for part in place.parts("traces"):
        columns = ["trace_id", "problem_id", "model", "response", "correct_source"]
        frame = pd.read_parquet(place.part_path("traces", part), columns=columns)
        frame["correct"] = correctness(place, part, frame)
        rates.append(frame.loc[frame["model"] == other, ["problem_id", "correct"]].dropna())
    known = pd.concat(rates)
    if known.empty:
        raise InputError(
            f"--difficulty-from {source}: no response of {other} has a verdict; "
            f"run reasonlens grade {place.path}"
        )
    mean = known.astype({"correct": "float64"}).groupby("problem_id")["correct"].mean()
    return mean.map(stratum)


def stratum(rate: float) -> str:
    """Return the stratum of a solve rate.

    Examples
    --------
    >>> [stratum(rate) for rate in (0.0, 0.25, 0.26, 0.75, 1.0)]
    ['never solved', 'solved up to 25%', 'solved 25-75%', 'solved 25-75%', 'solved above 75%']
    """
    return STRATA[int(np.searchsorted([0.0, 0.25, 0.75], rate))]
