"""Simulated scores: accuracy, pass@k, maj@k, paired arms, dose and response.

Accuracies of problems are Beta(.4, .8): many near 0, some near 1, mean 1/3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special
from tally import OTHER_NULL, Found, Tally, covers

from reasonlens.stats.bootstrap import bootstrap_of_sums
from reasonlens.stats.fixed_set import fixed_set_difference, fixed_set_mean
from reasonlens.stats.max_t import max_t
from reasonlens.stats.means import mean_of_problems, paired_difference
from reasonlens.stats.permutation import mcnemar_test, sign_flip_test, within_problem_test
from reasonlens.stats.sampling import maj_at_k_of_counts, pass_at_k
from reasonlens.stats.trend import dose_slope, page_trend

Floats = npt.NDArray[np.float64]
A, B = 0.4, 0.8
DRAWS = 999


def accuracy(reps: int, rng: np.random.Generator, problems: int, samples: int) -> Found:
    """Mean accuracy: both estimands."""
    tally = Tally()
    where = np.repeat(np.arange(problems), samples)
    for _ in range(reps):
        p = rng.beta(A, B, problems)
        seen = (rng.random((problems, samples)) < p[:, None]).astype(float)
        means = seen.mean(1)
        truth = A / (A + B)
        covers(tally, "t on problem means", mean_of_problems(means), truth)
        sums = np.column_stack([means, np.ones(problems)])
        for limits in ("percentile", "bca"):
            e = bootstrap_of_sums(_ratio, sums, seed=rng, draws=DRAWS, limits=limits)
            covers(tally, f"cluster bootstrap, {limits}", e, truth)
        if samples > 1:
            covers(tally, "fixed set, its own target", fixed_set_mean(seen.ravel(), where), float(p.mean()))
        naive = float(seen.mean()) + np.array([-1.96, 1.96]) * np.sqrt(seen.var() / seen.size)
        tally.add("(not offered) responses as independent", bool(naive[0] <= truth <= naive[1]))
    return tally.found()


def _ratio(s: Floats) -> Floats:
    return s[..., 0] / s[..., 1]


def several_tries(reps: int, rng: np.random.Generator, problems: int, samples: int, k: int) -> Found:
    """pass@k against its expectation, and maj@k with two answers."""
    tally = Tally()
    truth = 1 - float(np.exp(special.betaln(A, B + k) - special.betaln(A, B)))
    wins = np.arange(k // 2 + 1, k + 1)
    chance = special.binom(k, wins) * np.exp(special.betaln(A + wins, B + k - wins) - special.betaln(A, B))
    for _ in range(reps):
        right = rng.binomial(samples, rng.beta(A, B, problems))
        score = pass_at_k(np.full(problems, samples), right, k)
        covers(tally, f"pass@{k}, t", mean_of_problems(score), truth)
        sums = np.column_stack([score, np.ones(problems)])
        covers(tally, f"pass@{k}, BCa", bootstrap_of_sums(_ratio, sums, seed=rng, draws=DRAWS), truth)
        vote = np.array([maj_at_k_of_counts(int(c), [samples - int(c)], k) for c in right])
        covers(tally, f"maj@{k}, t", mean_of_problems(vote), float(chance.sum()))
        sums[:, 0] = vote
        e = bootstrap_of_sums(_ratio, sums, seed=rng, draws=DRAWS)
        covers(tally, f"maj@{k}, BCa", e, float(chance.sum()))
    return tally.found()


def paired(
    reps: int, rng: np.random.Generator, problems: int, samples: int, spread: float, effect: float = 0.0
) -> Found:
    """Two arms on the same problems; effects vary by `spread` around `effect`."""
    tally = Tally()
    where = np.repeat(np.arange(problems), samples)
    side = np.r_[np.ones(problems * samples, dtype=int), np.zeros(problems * samples, dtype=int)]
    for _ in range(reps):
        p = rng.beta(A, B, problems)
        room = np.minimum(p, 1 - p)
        shift = effect * room + np.clip(rng.normal(0, spread, problems), -room, room) * (1 - effect)
        a = (rng.random((problems, samples)) < (p + shift)[:, None]).astype(float)
        b = (rng.random((problems, samples)) < p[:, None]).astype(float)
        e = paired_difference(a.mean(1), b.mean(1))
        truth = effect * ROOM
        covers(tally, "paired t", e, truth)
        if samples > 1:
            fixed = fixed_set_difference(a.ravel(), where, b.ravel(), where)
            covers(tally, "fixed set difference, its own target", fixed, float(shift.mean()))
        if effect:
            continue
        tally.reject("paired t", e.p_value)
        tally.reject("sign flips", sign_flip_test(a.mean(1) - b.mean(1), seed=rng, draws=DRAWS).p_value)
        if samples == 1:
            tally.reject("McNemar", mcnemar_test(a[:, 0], b[:, 0]).p_value)
        test = within_problem_test(np.r_[a.ravel(), b.ravel()], side, np.r_[where, where], seed=rng)
        tally.reject("labels within problems" + (OTHER_NULL if spread else ""), test.p_value)
    return tally.found()


def _room() -> float:
    """Mean of min(p, 1 - p) for p from Beta(A, B)."""
    lower = A / (A + B) * special.betainc(A + 1, B, 0.5)
    upper = B / (A + B) * special.betainc(B + 1, A, 0.5)
    return float(lower + upper)


ROOM = _room()


def family(reps: int, rng: np.random.Generator, problems: int, members: int) -> Found:
    """Family-wise error of max-T for correlated, skewed differences."""
    tally = Tally()
    for _ in range(reps):
        shared = rng.normal(size=(problems, 1))
        data = 0.7 * shared + 0.7 * (rng.gamma(1.0, size=(problems, members)) - 1)
        found = max_t(data, seed=rng, draws=499)
        tally.reject("max-T, any of the family", float(found.p_adjusted.min()))
        tally.reject("sign flips, each", found.p_value)
    return tally.found()


def dose(reps: int, rng: np.random.Generator, problems: int, samples: int, spread: float) -> Found:
    """Five doses on the same problems, slopes 0 on average."""
    tally = Tally()
    doses = np.arange(5.0)
    for _ in range(reps):
        p = rng.beta(A, B, problems)
        room = np.minimum(p, 1 - p)
        slope = np.clip(rng.normal(0, spread, problems), -room, room)
        level = p[:, None] + slope[:, None] * (doses - 2) / 2
        values = rng.binomial(samples, np.clip(level, 0, 1)) / samples
        tally.reject("Page's trend" + (OTHER_NULL if spread else ""), page_trend(values).p_value)
        e = dose_slope(values, doses)
        covers(tally, "dose slope", e, 0.0)
        tally.reject("dose slope", e.p_value)
    return tally.found()


SCORES = {
    "accuracy 30 x 1": lambda reps, rng: accuracy(reps, rng, 30, 1),
    "accuracy 30 x 16": lambda reps, rng: accuracy(reps, rng, 30, 16),
    "accuracy 30 x 64": lambda reps, rng: accuracy(reps, rng, 30, 64),
    "accuracy 198 x 4": lambda reps, rng: accuracy(reps, rng, 198, 4),
    "accuracy 10 x 16": lambda reps, rng: accuracy(reps, rng, 10, 16),
    "accuracy 8 x 16": lambda reps, rng: accuracy(reps, rng, 8, 16),
    "accuracy 5 x 16": lambda reps, rng: accuracy(reps, rng, 5, 16),
    "accuracy 3 x 16": lambda reps, rng: accuracy(reps, rng, 3, 16),
    "tries 30 x 16, k = 5": lambda reps, rng: several_tries(reps, rng, 30, 16, 5),
    "pairs 30 x 1, no effect": lambda reps, rng: paired(reps, rng, 30, 1, 0.0),
    "pairs 30 x 16, no effect": lambda reps, rng: paired(reps, rng, 30, 16, 0.0),
    "pairs 30 x 64, no effect": lambda reps, rng: paired(reps, rng, 30, 64, 0.0),
    "pairs 10 x 16, no effect": lambda reps, rng: paired(reps, rng, 10, 16, 0.0),
    "pairs 8 x 16, no effect": lambda reps, rng: paired(reps, rng, 8, 16, 0.0),
    "pairs 5 x 16, no effect": lambda reps, rng: paired(reps, rng, 5, 16, 0.0),
    "pairs 8 x 16, effect": lambda reps, rng: paired(reps, rng, 8, 16, 0.075, 0.3),
    "pairs 30 x 16, effects vary, mean 0": lambda reps, rng: paired(reps, rng, 30, 16, 0.075),
    "pairs 30 x 64, effects vary, mean 0": lambda reps, rng: paired(reps, rng, 30, 64, 0.075),
    "pairs 30 x 16, effect": lambda reps, rng: paired(reps, rng, 30, 16, 0.075, 0.3),
    "family 30 x 50": lambda reps, rng: family(reps, rng, 30, 50),
    "dose 30 x 16, no effect": lambda reps, rng: dose(reps, rng, 30, 16, 0.0),
    "dose 30 x 16, slopes vary, mean 0": lambda reps, rng: dose(reps, rng, 30, 16, 0.075),
    "dose 8 x 16, no effect": lambda reps, rng: dose(reps, rng, 8, 16, 0.0),
    "dose 5 x 16, no effect": lambda reps, rng: dose(reps, rng, 5, 16, 0.0),
    "dose 5 x 16, slopes vary, mean 0": lambda reps, rng: dose(reps, rng, 5, 16, 0.075),
}
