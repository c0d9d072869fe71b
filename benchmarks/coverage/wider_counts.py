"""Simulated counts of markers: rate ratios, keyness, time to the first marker.

Hits are negative binomial (dispersion 1) given a log-normal problem effect (standard deviation .7).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from tally import OTHER_NULL, Found, Tally, covers

from reasonlens.stats.count_models import rate_ratio
from reasonlens.stats.keyness import g2_two_terms
from reasonlens.stats.keyness_limits import log2_ratio_limits
from reasonlens.stats.keyness_tests import paired_keyness, score_contributions, unpaired_keyness
from reasonlens.stats.length_adjusted import adjusted_ratio
from reasonlens.stats.log_rank import log_rank_contributions, stratified_log_rank
from reasonlens.stats.marker_difference import restricted_mean_difference
from reasonlens.stats.marker_time import median_time, restricted_mean
from reasonlens.stats.paired_rates import paired_rate_ratio
from reasonlens.stats.permutation import sign_flip_test
from reasonlens.stats.survival import survival_band

Floats = npt.NDArray[np.float64]
SPREAD = 0.7
DRAWS = 499


def _hits(rng: np.random.Generator, mean: Floats) -> Floats:
    return rng.poisson(mean * rng.gamma(1.0, 1.0, mean.shape)).astype(float)


def ratios(
    reps: int,
    rng: np.random.Generator,
    problems: int,
    samples: int,
    times: float,
    longer: float,
    rate: float = 5.0,
    own: float = 0.3,
) -> Found:
    """Rate ratio of two sides on the same problems; `own` is the spread of effects over problems."""
    tally = Tally()
    where = np.tile(np.repeat(np.arange(problems), samples), 2)
    side = np.repeat([1, 0], problems * samples)
    for _ in range(reps):
        shared = rng.normal(0, SPREAD, problems)
        hits, words = [], []
        for factor, length in ((times, longer), (1.0, 1.0)):
            w = np.maximum(20, np.round(400 * length * np.exp(rng.normal(0, 0.4, (problems, samples)))))
            lift = np.exp(shared + rng.normal(0, own, problems) - (SPREAD**2 + own**2) / 2)
            hits.append(_hits(rng, factor * rate / 1000 * w * lift[:, None]))
            words.append(w)
        y, w = np.r_[hits[0].ravel(), hits[1].ravel()], np.r_[words[0].ravel(), words[1].ravel()]
        for family in ("quasi-poisson", "nb2"):
            e = rate_ratio(y, w, side, where, family=family)
            covers(tally, family, e, times)
            if times == 1:
                tally.reject(family, e.p_value)
        sums = [v.sum(1) for pair in zip(hits, words, strict=True) for v in pair]
        e = paired_rate_ratio(*sums)
        covers(tally, "log rates of problems, interval", e, times)
        if times == 1:
            tally.reject("log rates of problems, test", e.p_value)
            score = score_contributions(*(v[:, None] if i in (0, 2) else v for i, v in enumerate(sums)))
            flipped = sign_flip_test(score[:, 0], seed=rng, draws=DRAWS)
            tally.reject("score, sign flips of problems", flipped.p_value)
            g2 = float(g2_two_terms([sums[0].sum()], sums[1].sum(), [sums[2].sum()], sums[3].sum())[0])
            tally.reject("(not offered) G2 against chi-square", 0.0 if g2 >= 3.841 else 1.0)
    return tally.found()


def at_equal_length(reps: int, rng: np.random.Generator, problems: int, samples: int, longer: float) -> Found:
    """Rate ratio 1 of two sides at the same length, where the rate rises with length."""
    tally = Tally()
    where = np.tile(np.repeat(np.arange(problems), samples), 2)
    side = np.repeat([1, 0], problems * samples)
    shape = (problems, samples)
    for _ in range(reps):
        shared, own_length = rng.normal(0, SPREAD, problems), rng.normal(0, 0.4, problems)
        hits, words = [], []
        for length in (longer, 1.0):
            w = 400 * length * np.exp(own_length[:, None] + rng.normal(0, 0.4, shape))
            words.append(np.maximum(20, np.round(w)))
            lift = np.exp(shared + rng.normal(0, 0.3, problems))[:, None] * (words[-1] / 400) ** 0.5
            hits.append(_hits(rng, 0.005 * words[-1] * lift))
        y, w = (np.r_[v[0].ravel(), v[1].ravel()] for v in (hits, words))
        e = adjusted_ratio(y, w, side, where)
        covers(tally, "ratio at equal length", e, 1.0)
        tally.reject("ratio at equal length", e.p_value)
    return tally.found()


def keyness(
    reps: int, rng: np.random.Generator, problems: int, words: int, longer: float, paired: bool
) -> Found:
    """Many words without a difference; topics make the words of a problem go together."""
    tally = Tally()
    rates = np.exp(rng.normal(0, 1, words)) / 1000
    for _ in range(reps):
        topic = rng.normal(0, 1, (2, problems, 5))
        load = rng.normal(0, 0.4, (5, words))
        counts, sizes = [], []
        for s, length in ((0, longer), (1, 1.0)):
            w = np.round(3000 * length * np.exp(rng.normal(0, 0.5, problems)))
            own = (topic[0] if paired else topic[s]) @ load + rng.normal(0, 0.3, (problems, words))
            counts.append(_hits(rng, w[:, None] * rates * np.exp(own - 0.5)))
            sizes.append(w)
        if paired:
            found = paired_keyness(counts[0], sizes[0], counts[1], sizes[1], seed=rng, draws=DRAWS)
        else:
            label = np.repeat([1, 0], problems)
            found = unpaired_keyness(np.vstack(counts), np.concatenate(sizes), label, seed=rng, draws=DRAWS)
        sides = [counts[0], sizes[0], counts[1], sizes[1]]
        if not paired:  # the problems of one side after those of the other
            gap, none = np.zeros((problems, words)), np.zeros(problems)
            sides = [np.vstack([counts[0], gap]), np.r_[sizes[0], none]]
            sides += [np.vstack([gap, counts[1]]), np.r_[none, sizes[1]]]
        low, high = log2_ratio_limits(*sides)
        for inside in ((low <= 0) & (high >= 0))[~np.isnan(low)].tolist():
            tally.add("log ratio of each word", inside)
        tally.reject("each word", found.p_value)
        tally.reject("any word, max-T", float(found.p_adjusted.min()))
    return tally.found()


def _first(
    rng: np.random.Generator, problems: int, samples: int, effect: Floats, side: int
) -> tuple[Floats, Floats]:
    """Words to the first marker or the end, and whether a marker came."""
    hazard = 1 / 400 * np.exp(effect)[:, None]
    marker = np.ceil(rng.exponential(1 / np.broadcast_to(hazard, (problems, samples))))
    end = np.ceil(rng.gamma(3.0, 300.0 if side else 200.0, (problems, samples))) + 1
    return np.minimum(marker, end).ravel(), (marker <= end).astype(float).ravel()


def first_marker(reps: int, rng: np.random.Generator, problems: int, samples: int) -> Found:
    """Curve, restricted mean and median for one side."""
    tally = Tally()
    lift = np.exp(rng.normal(0, SPREAD, 400_000))
    at = 300.0
    grid = np.arange(0, at)
    curve = np.array([np.mean(np.exp(-t / 400 * lift[:20_000])) for t in grid])
    alive = float(np.mean(np.exp(-at / 400 * lift)))
    middle = float(np.argmax([np.mean(np.exp(-t / 400 * lift[:40_000])) <= 0.5 for t in range(1000)]))
    where = np.repeat(np.arange(problems), samples)
    for _ in range(reps):
        effect = rng.normal(0, SPREAD, problems)
        time, event = _first(rng, problems, samples, effect, 1)
        covers(tally, "restricted mean to 300", restricted_mean(time, event, where, at), float(curve.sum()))
        b = survival_band(time, event, where, [at], seed=rng, draws=DRAWS)
        tally.add("band at 300", bool(b.low[0] <= alive <= b.high[0]))
        covers(tally, "median", median_time(time, event, where, seed=rng, draws=DRAWS), middle)
    return tally.found()


def sooner(reps: int, rng: np.random.Generator, problems: int, spread: float) -> Found:
    """Two sides on the same problems, hazards equal on average (log scale), effects vary by `spread`."""
    tally = Tally()
    where = np.tile(np.repeat(np.arange(problems), 16), 2)
    side = np.repeat([1, 0], problems * 16)
    at = 300.0
    for _ in range(reps):
        effect = rng.normal(0, SPREAD, problems)
        parts = [_first(rng, problems, 16, effect + s * rng.normal(0, spread, problems), s) for s in (1, 0)]
        time, event = (np.concatenate(v) for v in zip(*parts, strict=True))
        name = "stratified log-rank" + (OTHER_NULL if spread else "")
        tally.reject(name, stratified_log_rank(time, event, side, where).p_value)
        excess = log_rank_contributions(time, event, side, where)
        if not spread:
            gap = restricted_mean_difference(time, event, side, where, at)
            covers(tally, "difference of restricted means", gap, 0.0)
            tally.reject("difference of restricted means", gap.p_value)
        tally.reject("log-rank, sign flips", sign_flip_test(excess, seed=rng, draws=DRAWS).p_value)
    return tally.found()


COUNTS = {
    "ratio 1, 30 x 8": lambda reps, rng: ratios(reps, rng, 30, 8, 1.0, 1.0),
    "ratio 1, 30 x 16": lambda reps, rng: ratios(reps, rng, 30, 16, 1.0, 1.0),
    "ratio 1, 30 x 8, five times the words": lambda reps, rng: ratios(reps, rng, 30, 8, 1.0, 5.0),
    "ratio 1, 30 x 8, few hits": lambda reps, rng: ratios(reps, rng, 30, 8, 1.0, 1.0, 0.5),
    "ratio 1, 198 x 4, few hits, five times the words": lambda reps, rng: ratios(
        reps // 2, rng, 198, 4, 1.0, 5.0, 0.5
    ),
    "ratio 1, 10 x 8": lambda reps, rng: ratios(reps, rng, 10, 8, 1.0, 1.0),
    "ratio 1, 10 x 8, five times the words": lambda reps, rng: ratios(reps, rng, 10, 8, 1.0, 5.0),
    "ratio 1, 8 x 8": lambda reps, rng: ratios(reps, rng, 8, 8, 1.0, 1.0),
    "ratio 1, 5 x 8": lambda reps, rng: ratios(reps, rng, 5, 8, 1.0, 1.0),
    "ratio 1, 5 x 8, five times the words": lambda reps, rng: ratios(reps, rng, 5, 8, 1.0, 5.0),
    "ratio 2, 30 x 8": lambda reps, rng: ratios(reps, rng, 30, 8, 2.0, 1.0),
    "ratio 2, 30 x 8, few hits": lambda reps, rng: ratios(reps, rng, 30, 8, 2.0, 1.0, 0.5),
    "ratio 2, 198 x 4": lambda reps, rng: ratios(reps // 2, rng, 198, 4, 2.0, 1.0),
    "equal length, 30 x 8, twice as long": lambda reps, rng: at_equal_length(reps, rng, 30, 8, 2.0),
    "equal length, 8 x 8, twice as long": lambda reps, rng: at_equal_length(reps, rng, 8, 8, 2.0),
    "equal length, 5 x 8, twice as long": lambda reps, rng: at_equal_length(reps, rng, 5, 8, 2.0),
    "keyness 30 problems, paired": lambda reps, rng: keyness(reps, rng, 30, 40, 1.0, True),
    "keyness 30 problems, paired, five times the words": lambda reps, rng: keyness(
        reps, rng, 30, 40, 5.0, True
    ),
    "keyness 8 problems, paired": lambda reps, rng: keyness(reps, rng, 8, 40, 1.0, True),
    "keyness 5 problems, paired": lambda reps, rng: keyness(reps, rng, 5, 40, 1.0, True),
    "keyness 30 + 30 problems": lambda reps, rng: keyness(reps, rng, 30, 40, 1.0, False),
    "keyness 30 + 30 problems, five times the words": lambda reps, rng: keyness(
        reps, rng, 30, 40, 5.0, False
    ),
    "first marker 30 x 1": lambda reps, rng: first_marker(reps, rng, 30, 1),
    "first marker 30 x 16": lambda reps, rng: first_marker(reps, rng, 30, 16),
    "first marker 200 x 4": lambda reps, rng: first_marker(reps, rng, 200, 4),
    "first marker 8 x 16": lambda reps, rng: first_marker(reps, rng, 8, 16),
    "first marker 5 x 16": lambda reps, rng: first_marker(reps, rng, 5, 16),
    "sooner 30 x 16, no effect": lambda reps, rng: sooner(reps, rng, 30, 0.0),
    "sooner 8 x 16, no effect": lambda reps, rng: sooner(reps, rng, 8, 0.0),
    "sooner 5 x 16, no effect": lambda reps, rng: sooner(reps, rng, 5, 0.0),
    "sooner 30 x 16, effects vary, mean 0": lambda reps, rng: sooner(reps, rng, 30, 0.5),
    "sooner 8 x 16, effects vary, mean 0": lambda reps, rng: sooner(reps, rng, 8, 0.5),
    "sooner 5 x 16, effects vary, mean 0": lambda reps, rng: sooner(reps, rng, 5, 0.5),
}
