"""How often a behavior really occurs, from a judge that errs and labels of people on some items.

A judge says "present" of a share ``p`` of the items. Of those that people labelled too, its word is
right in a share PPV of the "present" and wrong in a share FOR of the "absent"; or it finds a share Se of
what is there and leaves alone a share Sp of what is not.

- `post_stratified` (the usual choice): ``p PPV + (1 - p) FOR``. Right whatever the judge is like, if the
  labelled items are drawn at random, or at random among those with one verdict.
- `rogan_gladen`: ``(p + Sp - 1) / (Se + Sp - 1)``. For Se and Sp that were measured elsewhere; right only
  if they are the same here.
- `reasonlens.stats.ppi.ppi_mean` (PPI++): also for counts and other numbers.

An unlabelled item has a gold of NaN. ``benchmarks/coverage/prevalence.py`` measures how often the
intervals of each method cover.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.effective import Trials, places, three_shares, trials
from reasonlens.stats.estimate import LIKE, Estimate, Seed, choice, generator, vector
from reasonlens.stats.ppi import ppi_mean

__all__ = ["METHODS", "corrected", "post_stratified", "posterior_limits", "rogan_gladen"]

METHODS = ("post-stratified", "rogan-gladen", "ppi++")
"""Ways to correct a share for the errors of the judge."""

_PRIOR = 0.5  # Jeffreys; a uniform prior covers 84 to 93% near 0 and 1


def corrected(
    judge: npt.ArrayLike,
    gold: npt.ArrayLike,
    problem: npt.ArrayLike | None = None,
    *,
    method: str = "post-stratified",
    seed: Seed = 0,
    draws: int = 20_000,
    level: float = 0.95,
) -> Estimate:
    """Share of items that have a behavior, corrected by one of `METHODS` with labels of the same items.

    Parameters
    ----------
    judge
        Verdict on each item, 0 or 1, shape (N,).
    gold
        Label of a person, 0 or 1, NaN where there is none, shape (N,).
    problem
        Problem of each item, shape (N,).
    method
        One of `METHODS`; ``rogan-gladen`` takes Se and Sp from the labelled items.
    seed, draws, level
        For the draws of ``post-stratified``; confidence level.

    Examples
    --------
    >>> nan = float("nan")
    >>> e = corrected([1, 1, 1, 0, 0, 0, 0, 0], [1, 0, nan, 0, 0, 0, 1, nan], method="rogan-gladen")
    >>> e.value  # (3/8 + 3/4 - 1) / (1/2 + 3/4 - 1)
    0.5
    """
    choice("method", method, METHODS)
    if method == "ppi++":
        said, true = _verdicts(judge, gold)
        return ppi_mean(said, true, problem, level=level, bounds=(0.0, 1.0))
    if method == "post-stratified":
        return post_stratified(judge, gold, problem, seed=seed, draws=draws, level=level)
    said, true = _verdicts(judge, gold)
    where = places(problem, len(said))
    sensitivity = trials(said == 1, true == 1, where)
    specificity = trials(said == 0, true == 0, where)
    return rogan_gladen(judge, sensitivity, specificity, problem, level=level)


def post_stratified(
    judge: npt.ArrayLike,
    gold: npt.ArrayLike,
    problem: npt.ArrayLike | None = None,
    *,
    seed: Seed = 0,
    draws: int = 20_000,
    level: float = 0.95,
) -> Estimate:
    """Share of items that have a behavior: ``p PPV + (1 - p) FOR``.

    Limits are quantiles of draws in which each of the three shares has its own Beta posterior with the
    Jeffreys prior Beta(1/2, 1/2) (Brown, Cai & DasGupta 2001, doi:10.1214/ss/1009213286). Where problems
    have several items, each share counts with its effective number of items,
    ``share (1 - share) / clustered variance`` (Korn & Graubard 1998), or with the number of problems if
    all its items agree; the three are then shrunk alike by their correlation over problems and for few
    problems (the factor ``(t / z)^2``).

    Parameters
    ----------
    judge, gold, problem
        As for `corrected`. The labelled items must be drawn at random, or at random within verdicts.
    seed, draws, level
        Of the draws; confidence level.

    Returns
    -------
    Estimate
        ``n`` counts the judged items; ``method`` says how many were labelled. NaN if none was judged or
        labelled. A verdict without any label has its prior only, and ``method`` says so.

    Examples
    --------
    >>> nan = float("nan")
    >>> e = post_stratified([1] * 40 + [0] * 60, [1] * 8 + [0] * 2 + [nan] * 30 + [0] * 19 + [1] + [nan] * 40)
    >>> round(e.value, 3)  # .4 x 8/10 + .6 x 1/20
    0.35
    """
    said, true = _verdicts(judge, gold)
    where = places(problem, len(said))
    labelled = ~np.isnan(true)
    problems = len(np.unique(where))
    if not len(said) or not labelled.any():
        why = "no item was judged" if not len(said) else "not validated: no labels"
        return Estimate(np.nan, np.nan, np.nan, level, why, problems, len(said), LIKE)
    positive, right, missed = three_shares(said, true, labelled, where)
    share = float(np.mean(said))
    value = share * right.share + (1 - share) * missed.share
    rng, reported = generator(seed)
    low, high = posterior_limits(positive, right, missed, rng, draws, level)
    method = f"post-stratified by verdict, Jeffreys priors, {draws:,} draws; {int(labelled.sum()):,} labels"
    for verdict, found in (("present", right), ("absent", missed)):
        if not found.n and np.any(said == (verdict == "present")):
            method += f", none where the judge says {verdict}: prior only"
    low, high = min(low, value), max(high, value)  # a share of exactly 0 or 1 lies on its border
    return Estimate(value, low, high, level, method, problems, len(said), LIKE, seed=reported)


def posterior_limits(
    positive: Trials,
    right: Trials,
    missed: Trials,
    rng: np.random.Generator,
    draws: int = 20_000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Limits of ``p PPV + (1 - p) FOR`` from trials of the three shares, each with a Jeffreys prior."""
    p, ppv, rate = (
        rng.beta(found.hits + _PRIOR, found.n - found.hits + _PRIOR, draws)
        for found in (positive, right, missed)
    )
    low, high = np.quantile(p * ppv + (1 - p) * rate, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def rogan_gladen(
    judge: npt.ArrayLike,
    sensitivity: tuple[float, float],
    specificity: tuple[float, float],
    problem: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> Estimate:
    """Share of items that have a behavior, from a judge whose errors were measured before.

    Value: Rogan & Gladen 1978 (doi:10.1093/oxfordjournals.aje.a112510), cut to [0, 1]. Limits: Lang &
    Reiczigel 2014 (doi:10.1016/j.prevetmed.2013.09.015), which take the uncertainty of Se and Sp along.

    Parameters
    ----------
    judge
        Verdict on each item, 0 or 1, shape (N,).
    sensitivity
        Found and present items (``hits, n``) where the judge was measured.
    specificity
        Left alone and absent items (``hits, n``) there.
    problem
        Problem of each item, shape (N,).
    level
        Confidence level.

    Returns
    -------
    Estimate
        NaN, with the reason in ``method``, if the judge is no better than chance (Se + Sp <= 1) or one
        of the two was measured on no item.

    Examples
    --------
    >>> e = rogan_gladen([1] * 40 + [0] * 60, (80, 100), (90, 100))  # (.4 + .9 - 1) / (.8 + .9 - 1)
    >>> round(e.value, 4)
    0.4286
    """
    said, _ = _verdicts(judge, np.full(np.size(judge), np.nan))
    where = places(problem, len(said))
    problems = len(np.unique(where))
    se, sp = Trials(*sensitivity), Trials(*specificity)
    why = _unusable(said, se, sp)
    if why:
        return Estimate(np.nan, np.nan, np.nan, level, why, problems, len(said), LIKE)
    positive = trials(said == 1, np.ones(len(said), dtype=bool), where)
    value = (float(np.mean(said)) + sp.hits / sp.n - 1) / (se.hits / se.n + sp.hits / sp.n - 1)
    low, high = _lang_reiczigel(positive, se, sp, level)
    method = f"Rogan-Gladen, Lang-Reiczigel limits; Se from {se.n:.4g}, Sp from {sp.n:.4g} items"
    value = min(max(value, 0.0), 1.0)
    return Estimate(value, min(low, value), max(high, value), level, method, problems, len(said), LIKE)


def _unusable(said: Floats, se: Trials, sp: Trials) -> str:
    for name, found in (("sensitivity", se), ("specificity", sp)):
        if not 0 <= found.hits <= found.n:
            raise StatisticsError(f"{name} is {found.hits:g} of {found.n:g} items; give hits and n")
    if not len(said):
        return "no item was judged"
    if not se.n or not sp.n:
        return f"undefined: {'sensitivity' if not se.n else 'specificity'} was measured on no item"
    if se.hits / se.n + sp.hits / sp.n <= 1:
        return "undefined: the judge is no better than chance (sensitivity + specificity <= 1)"
    return ""


def _lang_reiczigel(positive: Trials, se: Trials, sp: Trials, level: float) -> tuple[float, float]:
    z = float(scipy.stats.norm.ppf((1 + level) / 2))
    p, n = (positive.hits + z * z / 2) / (positive.n + z * z), positive.n + z * z
    a, b = (se.hits + 1) / (se.n + 2), (sp.hits + 1) / (sp.n + 2)
    beyond = a + b - 1
    if beyond <= 0:  # so few items that the judge may be worthless
        return 0.0, 1.0
    middle = (p + b - 1) / beyond
    of_a, of_b = a * (1 - a) / (se.n + 2), b * (1 - b) / (sp.n + 2)
    shift = 2 * z * z * (middle * of_a - (1 - middle) * of_b)
    variance = p * (1 - p) / n + middle**2 * of_a + (1 - middle) ** 2 * of_b
    half = z * float(np.sqrt(variance)) / beyond
    return (
        min(max(middle + shift - half, 0.0), 1.0),
        min(max(middle + shift + half, 0.0), 1.0),
    )


def _verdicts(judge: npt.ArrayLike, gold: npt.ArrayLike) -> tuple[Floats, Floats]:
    said = vector("judge", judge)
    true = np.asarray(gold, dtype=np.float64)
    if true.shape != said.shape:
        raise StatisticsError(f"gold must have {len(said)} entries, got shape {true.shape}")
    if not np.all(np.isin(said, (0, 1))) or not np.all(np.isin(true[~np.isnan(true)], (0, 1))):
        raise StatisticsError("judge and gold must be 0 or 1 (gold NaN: not labelled); count the rest apart")
    return said, true
