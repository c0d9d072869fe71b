"""Simulated labels: agreement of raters, judge quality, association with being right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats
from tally import Found, Tally, covers

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.across_models import spearman_across
from reasonlens.stats.agreement import coefficient
from reasonlens.stats.agreement_limits import agreement, judge_quality
from reasonlens.stats.association import within_correlation, within_difference, within_problem_auc
from reasonlens.stats.conditional_logit import conditional_logit

Floats = npt.NDArray[np.float64]
NAMES = ("percent", "cohen", "fleiss", "alpha-nominal", "ac1")


def _ratings(
    rng: np.random.Generator, problems: int, items: int, prevalence: float
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Gold and judge; prevalence and the judge's errors vary by problem."""
    size = (problems, items)
    p = rng.beta(2 * prevalence, 2 * (1 - prevalence), problems)[:, None]
    gold = rng.random(size) < p
    sensitivity = rng.beta(0.85 * 8, 0.15 * 8, problems)[:, None]
    false = rng.beta(0.05 * 8, 0.95 * 8, problems)[:, None]
    judge = rng.random(size) < np.where(gold, sensitivity, false)
    where = np.repeat(np.arange(problems), items)
    return gold.ravel().astype(float), judge.ravel().astype(float), where


def raters(reps: int, rng: np.random.Generator, problems: int, items: int, prevalence: float) -> Found:
    """Coverage of agreement coefficients and of sensitivity and specificity."""
    tally = Tally()
    shares = {
        (1, 1): 0.85 * prevalence,
        (1, 0): 0.15 * prevalence,
        (0, 1): 0.05 * (1 - prevalence),
        (0, 0): 0.95 * (1 - prevalence),
    }
    table = np.array([pair for pair, s in shares.items() for _ in range(round(40_000 * s))], dtype=float)
    truth = {name: coefficient(table, name).total() for name in NAMES}
    for _ in range(reps):
        gold, judge, where = _ratings(rng, problems, items, prevalence)
        pair = np.column_stack([gold, judge])
        for name in NAMES:
            e = agreement(pair, name, where, categories=(0, 1))
            covers(tally, name if name == "percent" else f"{name}, jackknife", e, truth[name])
        b = agreement(pair, "cohen", where, categories=(0, 1), limits="bootstrap", seed=rng, draws=499)
        covers(tally, "cohen, BCa", b, truth["cohen"])
        q = judge_quality(judge, gold, where)
        covers(tally, "sensitivity", q.sensitivity, 0.85)
        covers(tally, "specificity", q.specificity, 0.95)
    return tally.found()


def right(
    reps: int, rng: np.random.Generator, problems: int, samples: int, slope: float, spread: float
) -> Found:
    """Logit of being right = problem + slope x; x is shared by problem in part; slopes may vary."""
    tally = Tally()
    where = np.repeat(np.arange(problems), samples)
    for _ in range(reps):
        hard = rng.normal(-0.5, 1.5, problems)[:, None]
        length = rng.normal(size=(problems, samples)) - 0.5 * hard
        x = 0.6 * length + 0.5 * hard + rng.normal(size=(problems, samples))
        own = slope + rng.normal(0, spread, problems)[:, None]
        y = (rng.random(x.shape) < 1 / (1 + np.exp(-(hard + own * x)))).astype(float).ravel()
        x, length = x.ravel(), length.ravel()
        try:
            model = conditional_logit(np.column_stack([x, length]), y, where).odds_ratio(0)
        except StatisticsError:  # separated, or no problem with both outcomes: refused with a message
            tally.undefined("conditional logit, length held")
            continue
        if not spread:
            covers(tally, "conditional logit, length held", model, float(np.exp(slope)))
        if slope:
            continue
        found = {
            "conditional logit, length held": model,
            "AUC within problems": within_problem_auc(x, y, where),
            "difference within problems": within_difference(x, y, where),
            "correlation within problems": within_correlation(x, y, where),
            "partial correlation": within_correlation(x, y, where, given=length),
        }
        for name, e in found.items():
            tally.reject(name, e.p_value)
        covers(tally, "AUC within problems", found["AUC within problems"], 0.5)
        covers(tally, "partial correlation", found["partial correlation"], 0.0)
    return tally.found()


def auc(reps: int, rng: np.random.Generator, problems: int, spread: float) -> Found:
    """AUC away from one half: right responses have normal values shifted by problem."""
    tally = Tally()
    shift = 0.6 + rng.normal(0, spread, 200_000)
    truth = float(np.mean(stats.norm.cdf(shift / np.sqrt(2))))
    where = np.repeat(np.arange(problems), 16)
    for _ in range(reps):
        y = rng.random((problems, 16)) < rng.beta(2, 2, problems)[:, None]
        own = 0.6 + rng.normal(0, spread, problems)[:, None]
        x = rng.normal(0, 1, problems)[:, None] + rng.normal(size=(problems, 16)) + own * y
        covers(tally, "AUC within problems", within_problem_auc(x.ravel(), y.ravel(), where), truth)
    return tally.found()


def models(reps: int, rng: np.random.Generator, n: int, rho: float) -> Found:
    """Rank correlation over n models."""
    tally = Tally()
    truth = 6 / np.pi * float(np.arcsin(rho / 2))
    for _ in range(reps):
        u = rng.normal(size=n)
        v = rho * u + np.sqrt(1 - rho**2) * rng.normal(size=n)
        e = spearman_across(u, v, seed=rng, draws=499)
        if not rho:
            tally.reject("Spearman over models", e.p_value)
        if n >= 10:
            covers(tally, "Spearman over models", e, truth)
    return tally.found()


LABELS = {
    "raters 30 x 10, 30%": lambda reps, rng: raters(reps, rng, 30, 10, 0.3),
    "raters 30 x 10, 5%": lambda reps, rng: raters(reps, rng, 30, 10, 0.05),
    "raters 15 x 10, 5%": lambda reps, rng: raters(reps, rng, 15, 10, 0.05),
    "raters 8 x 10, 30%": lambda reps, rng: raters(reps, rng, 8, 10, 0.3),
    "raters 5 x 10, 30%": lambda reps, rng: raters(reps, rng, 5, 10, 0.3),
    "raters 100 x 1, 30%": lambda reps, rng: raters(reps, rng, 100, 1, 0.3),
    "raters 100 x 4, 5%": lambda reps, rng: raters(reps, rng, 100, 4, 0.05),
    "right 30 x 16, no association": lambda reps, rng: right(reps, rng, 30, 16, 0.0, 0.0),
    "right 100 x 4, no association": lambda reps, rng: right(reps, rng, 100, 4, 0.0, 0.0),
    "right 30 x 16, slopes vary, mean 0": lambda reps, rng: right(reps, rng, 30, 16, 0.0, 0.5),
    "right 30 x 16, odds ratio 1.65": lambda reps, rng: right(reps, rng, 30, 16, 0.5, 0.0),
    "right 8 x 16, no association": lambda reps, rng: right(reps, rng, 8, 16, 0.0, 0.0),
    "right 5 x 16, no association": lambda reps, rng: right(reps, rng, 5, 16, 0.0, 0.0),
    "right 5 x 16, slopes vary, mean 0": lambda reps, rng: right(reps, rng, 5, 16, 0.0, 0.5),
    "right 8 x 16, odds ratio 1.65": lambda reps, rng: right(reps, rng, 8, 16, 0.5, 0.0),
    "right 5 x 16, odds ratio 1.65": lambda reps, rng: right(reps, rng, 5, 16, 0.5, 0.0),
    "AUC .66, 30 x 16": lambda reps, rng: auc(reps, rng, 30, 0.0),
    "AUC .65, 30 x 16, effects vary": lambda reps, rng: auc(reps, rng, 30, 0.5),
    "AUC .66, 8 x 16": lambda reps, rng: auc(reps, rng, 8, 0.0),
    "AUC .66, 5 x 16": lambda reps, rng: auc(reps, rng, 5, 0.0),
    "AUC .65, 5 x 16, effects vary": lambda reps, rng: auc(reps, rng, 5, 0.5),
    "5 models": lambda reps, rng: models(reps, rng, 5, 0.0),
    "12 models": lambda reps, rng: models(reps, rng, 12, 0.0),
    "12 models, correlated": lambda reps, rng: models(reps, rng, 12, 0.6),
}
