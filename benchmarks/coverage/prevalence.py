"""Coverage and width of the corrected shares of `reasonlens.stats.prevalence`, by simulation.

``python benchmarks/coverage/prevalence.py [repetitions] [part of a name]`` prints the table, and writes
``prevalence.json`` and ``PREVALENCE.md`` beside itself (only if all settings were run). Every setting has
its own seed. One core, about two minutes.
"""

from __future__ import annotations

import json
import platform
import sys
import zlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tally import Found, Tally, covers

from reasonlens.stats.arrays import share
from reasonlens.stats.prevalence import corrected, rogan_gladen

SEED = 20250527
DRAWS = 4000
MARK = "<!-- table: written by prevalence.py -->"
COLUMNS = ("judge alone", "labels alone", "post-stratified", "rogan-gladen", "ppi++", "carried over")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated: `problems` of `items` judged items each, `labels` of them labelled at random."""

    prevalence: float
    sensitivity: float
    specificity: float
    labels: int
    problems: int = 2000
    items: int = 1

    @property
    def name(self) -> str:
        errors = f"Se {self.sensitivity:g}, Sp {self.specificity:g}"
        design = "" if self.items == 1 else f", {self.problems} x {self.items}"
        return f"{100 * self.prevalence:g}%, {errors}, {self.labels} labels{design}"


SETTINGS = [
    *(
        Setting(prevalence, se, sp, n)
        for se, sp in ((0.85, 0.95), (0.7, 0.9))
        for prevalence in (0.03, 0.1, 0.3, 0.6, 0.9, 0.97)
        for n in (50, 100, 200)
    ),
    *(
        Setting(prevalence, 0.85, 0.95, n, problems, items)
        for prevalence in (0.1, 0.3, 0.9)
        for problems, items, n in ((50, 12, 100), (50, 12, 300), (300, 4, 100))
    ),
]


def simulate(setting: Setting, reps: int) -> Found:
    """Return coverage and median width of each method."""
    rng = np.random.default_rng([SEED, zlib.crc32(setting.name.encode())])
    tally = Tally()
    where = np.repeat(np.arange(setting.problems), setting.items)
    truth = setting.prevalence
    for _ in range(reps):
        gold, judge = _items(rng, setting)
        known = np.full(len(gold), np.nan)
        picked = rng.permutation(len(gold))[: setting.labels]
        known[picked] = gold[picked]
        covers(tally, "judge alone", share(judge, where), truth)
        covers(tally, "labels alone", share(gold[picked], where[picked]), truth)
        for method in ("post-stratified", "rogan-gladen", "ppi++"):
            found = corrected(judge, known, where, method=method, seed=rng, draws=DRAWS)
            covers(tally, method, found, truth)
        covers(tally, "carried over", rogan_gladen(judge, *_elsewhere(rng, setting), where), truth)
    return tally.found()


def _items(rng: np.random.Generator, setting: Setting) -> tuple[Floats, Floats]:
    """Gold and verdicts; with several items per problem, prevalence and errors vary by problem."""
    size = (setting.problems, setting.items)

    def vary(mean: float, strength: float) -> Floats:
        if setting.items == 1:
            return np.full((setting.problems, 1), mean)
        return rng.beta(mean * strength, (1 - mean) * strength, setting.problems)[:, None]

    gold = rng.random(size) < vary(setting.prevalence, 2)
    said = np.where(gold, vary(setting.sensitivity, 8), vary(1 - setting.specificity, 8))
    judge = rng.random(size) < said
    return gold.ravel().astype(float), judge.ravel().astype(float)


def _elsewhere(rng: np.random.Generator, setting: Setting) -> tuple[tuple[int, int], tuple[int, int]]:
    """Measure the same judge on as many labels of another set, half of which show the behavior."""
    half = setting.labels // 2
    found = int(rng.binomial(half, setting.sensitivity))
    return (found, half), (int(rng.binomial(half, setting.specificity)), half)


def table(results: dict[str, Found]) -> str:
    """Return coverage and median width as a Markdown table."""
    lines = [f"| setting | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, found in results.items():
        cells = [_cell(found.get(column, {})) for column in COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(row: dict[str, float]) -> str:
    if "coverage" not in row:
        return "-"
    missing = f", {row['undefined']:g} undefined" if row["undefined"] else ""
    return f"{row['coverage']:.3f} ({row['median_width']:.3f}{missing})"


def main(reps: int = 1000, only: str = "") -> None:
    """Run the settings whose name contains `only`."""
    results = {s.name: simulate(s, reps) for s in SETTINGS if only in s.name}
    print(table(results))
    if only:
        print("\nnot stored: not all settings were run")
        return
    about = {
        "level": 0.95,
        "repetitions": reps,
        "seed": SEED,
        "draws": DRAWS,
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "scipy": metadata.version("scipy"),
    }
    here = Path(__file__).parent
    stored = json.dumps({"about": about, "results": results}, indent=1)
    (here / "prevalence.json").write_text(stored + "\n", encoding="utf-8")
    page = here / "PREVALENCE.md"
    text = page.read_text("utf-8").partition(MARK)[0]
    page.write_text(f"{text}{MARK}\n\n{table(results)}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*[int(a) for a in sys.argv[1:2]], *sys.argv[2:3])
