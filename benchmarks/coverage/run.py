"""Coverage of the intervals and size of the tests in ``reasonlens.stats``, by simulation.

Run it with ``python benchmarks/coverage/run.py``: it prints a table and writes ``results.json``
beside itself, in two processes. Each design has its own seed. Counts are negative binomial (dispersion
1) given a log-normal problem effect (standard deviation 0.7) and log-normal lengths, which vary by
problem too.
"""

from __future__ import annotations

import json
import platform
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reasonlens.stats.arrays import Interval, mean_of_sums, ratio_of_sums, share_of_sums
from reasonlens.stats.contrast import contrast_of_sums

Floats = npt.NDArray[np.float64]
SPREAD = 0.7
DISPERSION = 1.0
SEED = 20250527


@dataclass(frozen=True)
class Design:
    """What is simulated: problems x samples, hits per 1,000 words, words per response."""

    name: str
    problems: int = 30
    samples: int = 8
    rate: float = 5.0
    words: float = 400.0
    affected: float = 1.0  # share of problems that can have hits at all
    length_spread: float = 0.4
    times: float = 1.0  # side a: rate ratio to side b
    longer: float = 5.0  # side a: length ratio to side b
    common: float = 0.5  # share of the problem effect that both sides have in common


SINGLE = [
    Design("30 x 8"),
    Design("30 x 16", samples=16),
    Design("30 x 8, equal lengths", length_spread=0.0),
    Design("30 x 8, 56 hits", rate=0.5),
    Design("30 x 16, 22 hits", rate=0.1, samples=16),
    Design("30 x 8, 6 hits", rate=0.05),
    Design("30 x 8, 2 hits", rate=0.02),
    Design("30 x 8, hits in 20% of problems", affected=0.2),
    Design("30 x 8, hits in 10% of problems", affected=0.1),
    Design("30 x 8, hits in 5% of problems", affected=0.05),
    Design("30 x 1", samples=1),
    Design("15 x 8", problems=15),
    Design("10 x 8", problems=10),
    Design("8 x 4", problems=8, samples=4),
    Design("5 x 16", problems=5, samples=16),
    Design("5 x 8", problems=5),
    Design("3 x 16", problems=3, samples=16),
    Design("200 x 4", problems=200, samples=4, rate=1.0),
    Design("500 x 1, 12 hits", problems=500, samples=1, rate=0.05),
]
SHARES = [
    ("30 x 16, p = .33", 30, 16, 0.4, 0.8),
    ("30 x 1, p = .33", 30, 1, 0.4, 0.8),
    ("30 x 8, p = .80", 30, 8, 8.0, 2.0),
    ("30 x 16, p = .95", 30, 16, 20.0, 1.0),
    ("30 x 8, p = .05, few problems", 30, 8, 0.05, 1.0),
    ("30 x 64, p = .05, few problems", 30, 64, 0.05, 1.0),
    ("60 x 8, p = .02, few problems", 60, 8, 0.02, 1.0),
    ("10 x 8, p = .09, few problems", 10, 8, 0.1, 1.0),
    ("30 x 8, p = .01", 30, 8, 0.3, 30.0),
    ("10 x 8, p = .33", 10, 8, 0.4, 0.8),
    ("8 x 8, p = .33", 8, 8, 0.4, 0.8),
    ("5 x 16, p = .33", 5, 16, 0.4, 0.8),
    ("200 x 4, p = .01", 200, 4, 0.05, 5.0),
]
PAIRS = [
    Design("30 x 8, same lengths", longer=1.0),
    Design("30 x 8"),
    Design("30 x 8, one problem effect", common=1.0),
    Design("30 x 8, no common effect", common=0.0),
    Design("30 x 16", samples=16),
    Design("30 x 8, 42 hits in b", rate=0.5),
    Design("30 x 8, 4 hits in b", rate=0.05),
    Design("30 x 8, 2 hits in b", rate=0.02),
    Design("30 x 8, hits in 20% of problems", affected=0.2),
    Design("30 x 8, hits in 10% of problems", affected=0.1),
    Design("30 x 8, 4 hits each", rate=0.05, longer=1.0),
    Design("30 x 1", samples=1),
    Design("15 x 8", problems=15),
    Design("10 x 8", problems=10),
    Design("8 x 4", problems=8, samples=4),
    Design("8 x 8", problems=8),
    Design("5 x 8", problems=5),
    Design("3 x 16", problems=3, samples=16),
    Design("300 x 1", problems=300, samples=1, rate=0.5),
    Design("30 x 8, ratio 1.5", times=1.5),
    Design("30 x 8, ratio 2", times=2.0),
    Design("10 x 8, ratio 2", problems=10, times=2.0),
    Design("5 x 8, ratio 3", problems=5, times=3.0),
    Design("30 x 8, ratio 20, 17 hits in b", rate=0.2, times=20.0),
]


def responses(
    rng: np.random.Generator, d: Design, effect: Floats, length: Floats, rate: float, words: float
) -> tuple[Floats, Floats, Floats]:
    """Draw hits, words and presence per problem."""
    shape = (d.problems, d.samples)
    w = np.maximum(20, np.round(words * np.exp(length[:, None] + rng.normal(0, d.length_spread, shape))))
    lift = np.exp(effect - SPREAD**2 / 2)
    if d.affected < 1:
        lift = lift * (rng.random(d.problems) < d.affected) / d.affected
    n = rng.poisson(rate / 1000 * w * lift[:, None] * rng.gamma(1 / DISPERSION, DISPERSION, shape))
    return n.sum(1).astype(float), w.sum(1), (n > 0).sum(1).astype(float)


def covered(intervals: list[Interval], truth: float) -> dict[str, float]:
    """Share of the intervals that hold the truth, and of those that miss on either side."""
    low, high = (np.array([getattr(i, side) for i in intervals]) for side in ("low", "high"))
    known = ~np.isnan(low)
    low, high = low[known], high[known]
    return {
        "coverage": round(float(np.mean((low <= truth) & (truth <= high))), 4),
        "too_high": round(float(np.mean(truth < low)), 4),
        "too_low": round(float(np.mean(truth > high)), 4),
        "undefined": round(float(1 - known.mean()), 4),
    }


def single(d: Design, reps: int, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """Coverage for one group: rate per 1,000 words, and the mean number of words."""
    found, lengths, means = [], [], []
    for _ in range(reps):
        effect = rng.normal(0, SPREAD, d.problems)
        spread = rng.normal(0, d.length_spread, d.problems)
        hits, words, _ = responses(rng, d, effect, spread, d.rate, d.words)
        found.append(ratio_of_sums(hits, words))
        counts = np.full(d.problems, float(d.samples))
        lengths.append(ratio_of_sums(words, counts, scale=1.0))
        means.append(mean_of_sums(words, counts))
    out = {"rate": covered(found, d.rate)}
    if d.length_spread:
        truth = d.words * float(np.exp(d.length_spread**2))
        out["mean words"] = covered(lengths, truth)
        out["mean words, t"] = covered(means, truth)
    return out


def pair(d: Design, reps: int, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """Coverage and rejection rate for two groups on the same problems."""
    ratios, differences, unpaired, apart, p, p_ratio, p_unpaired, p_share = ([] for _ in range(8))
    for _ in range(reps):
        shared = rng.normal(0, SPREAD, d.problems)
        length = rng.normal(0, d.length_spread, d.problems)
        sides: list[Floats] = []
        other: list[Floats] = []
        present: list[Floats] = []
        for times, longer in ((d.times, d.longer), (1.0, 1.0)):
            own = rng.normal(0, SPREAD, d.problems)
            effect = np.sqrt(d.common) * shared + np.sqrt(1 - d.common) * own
            hits, words, _ = responses(rng, d, effect, length, d.rate * times, d.words * longer)
            sides += [hits, words]
            again = rng.normal(0, SPREAD, d.problems)
            elsewhere = rng.normal(0, d.length_spread, d.problems)
            h, w, _ = responses(rng, d, again, elsewhere, d.rate * times, d.words * longer)
            gap = np.zeros(d.problems)
            other += [np.r_[h, gap], np.r_[w, gap]] if not other else [np.r_[gap, h], np.r_[gap, w]]
            _, _, seen = responses(rng, d, effect, length, d.rate, d.words)
            present += [seen, np.full(d.problems, float(d.samples))]
        c = contrast_of_sums(*sides)
        u = contrast_of_sums(*other, paired=False)
        ratios.append(c.ratio)
        differences.append(c.difference)
        unpaired.append(u.ratio)
        apart.append(u.difference)
        p.append(c.p_value)
        p_ratio.append(c.ratio.p_value)
        p_unpaired.append(u.p_value)
        p_share.append(contrast_of_sums(*present, shares=True).p_value)
    out = {
        "ratio": covered(ratios, d.times),
        "difference": covered(differences, d.rate * (d.times - 1)),
        "ratio, unpaired": covered(unpaired, d.times),
        "difference, unpaired": covered(apart, d.rate * (d.times - 1)),
    }
    tests = {
        "test": p,
        "test of the ratio": p_ratio,
        "test, unpaired": p_unpaired,
        "test of shares (null)": p_share,
    }
    for name, values in tests.items():
        out[name] = {"rejected": round(float(np.mean(np.array(values) <= 0.05)), 4)}
    return out


def shares(
    problems: int, samples: int, a: float, b: float, reps: int, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """Coverage for a share of responses with beta-distributed problem shares."""
    found = []
    for _ in range(reps):
        seen = rng.binomial(samples, rng.beta(a, b, problems))
        found.append(share_of_sums(seen, np.full(problems, samples)))
    return {"share": covered(found, a / (a + b))}


PARTS: dict[str, dict[str, Callable[[int, np.random.Generator], object]]] = {
    "single": {d.name: partial(single, d) for d in SINGLE},
    "share": {name: partial(shares, *settings) for name, *settings in SHARES},
    "pair": {d.name: partial(pair, d) for d in PAIRS},
}


def one(job: tuple[str, str, int]) -> object:
    """Run one design with its own seed."""
    part, name, reps = job
    return PARTS[part][name](reps, np.random.default_rng([SEED, zlib.crc32(f"{part}/{name}".encode())]))


def main(reps: int = 2000, jobs: int = 2) -> None:
    """Run every design, print a table and write results.json."""
    results: dict[str, dict[str, object]] = {part: {} for part in PARTS}
    todo = [(part, name, reps) for part, designs in PARTS.items() for name in designs]
    with ProcessPoolExecutor(jobs) as pool:
        for (part, name, _), found in zip(todo, pool.map(one, todo), strict=True):
            results[part][name] = found
            print(f"{part:7s} {name:34s} {_line(found)}", flush=True)
    about = {
        "level": 0.95,
        "repetitions": reps,
        "seed": SEED,
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "scipy": metadata.version("scipy"),
    }
    path = Path(__file__).with_name("results.json")
    path.write_text(json.dumps({"about": about, **results}, indent=1) + "\n", encoding="utf-8")


def _line(found: object) -> str:
    assert isinstance(found, dict)
    return "  ".join(
        f"{name} {next(iter(v.values())):.3f}"
        + (f" ({v['too_high']:.3f}/{v['too_low']:.3f})" if "too_high" in v else "")
        for name, v in found.items()
    )


if __name__ == "__main__":
    main(*[int(a) for a in sys.argv[1:2]])
