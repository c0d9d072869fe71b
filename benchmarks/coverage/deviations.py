"""List every offered interval outside 93-97% and every test above 6.5%, each with its reason.

``python benchmarks/coverage/deviations.py`` reads ``results.json`` and ``wider.json``, prints the list and
writes it to ``docs/statistics.md``. It fails if a setting deviates without a reason below, or if a reason
explains nothing any more.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tally import OTHER_NULL

TARGET = (0.93, 0.97)
SIZE = 0.065
BEGIN = "<!-- deviations: written by benchmarks/coverage/deviations.py -->"
END = "<!-- end of deviations -->"
HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "statistics.md"

PARTS = {"single": "one group", "share": "share of responses", "pair": "two groups"}
OFFERED = {"mean words, t": "mean length, `mean_of_sums`", "mean words": "mean length"}


class Result(NamedTuple):
    """One interval or test in one setting; ``error`` is the standard error of ``share``."""

    setting: str
    method: str
    what: str
    share: float
    error: float

    @property
    def side(self) -> str:
        """``short``, ``long`` (intervals), ``liberal`` (tests), or nothing."""
        if self.what == "size":
            return "liberal" if self.share > SIZE else ""
        return "short" if self.share < TARGET[0] else "long" if self.share > TARGET[1] else ""

    @property
    def noise(self) -> bool:
        """Whether two standard errors of the simulation explain it."""
        edge = SIZE if self.what == "size" else TARGET[self.side == "long"]
        return abs(self.share - edge) <= 2 * self.error


class Reason(NamedTuple):
    """Why settings deviate: patterns of setting and method, the side, and the words."""

    setting: str
    method: str
    side: str
    why: str


FEW_HITS = (
    "few hits: exact (Poisson, Clopper-Pearson) and t limits with few degrees of freedom cannot be shorter"
)
REASONS = (
    Reason(
        "hits in (5|10)% of problems",
        "rate",
        "short",
        "samples without hits (21% with hits in 5% of problems, 4% in 10%): no data without hits tell how "
        "many come at once; the estimate says so, marked `^`",
    ),
    Reason("(2|4|6|12|22) hits|hits in|4 hits each", "rate|ratio|difference", "long", FEW_HITS),
    Reason(
        "p = .0|p = .33|30 x 1",
        "share",
        "long",
        "few responses or problems: Clopper-Pearson is exact or longer",
    ),
    Reason(
        "one group: (10|8|5|3) x",
        "mean length",
        "long",
        "widened for skewness that few problems do not show; these lengths are less skewed",
    ),
    Reason(
        "two groups: ",
        "ratio|difference",
        "long",
        "two long tails partly cancel, and each side is widened for its own; needed where one side dominates",
    ),
    Reason(
        "accuracy (8|5|3) x",
        "bootstrap",
        "short",
        "draws of fewer than 8 problems do not reach far; says so, `*`",
    ),
    Reason(
        "accuracy 3 x", "t on problem means", "short", "3 accuracies can all be near 0; says so below 5, `*`"
    ),
    Reason("accuracy|tries", "bootstrap|BCa|t", "long", "0/1 values or few of them: draws are discrete"),
    Reason("first marker (8|5) x", "band|median", "short", "draws of fewer than 8 problems; says so, `*`"),
    Reason("pairs|dose 5 x", "paired t|dose slope", "long", "differences that are mostly 0, with long tails"),
    Reason(
        "ratio",
        "log rates of problems, interval",
        "long",
        "given only where its bias is small, which selects",
    ),
    Reason(
        "raters",
        "BCa",
        "short",
        "draws of few problems that have the rarer value; the jackknife is the default",
    ),
    Reason(
        "raters 15 x 10, 5%",
        "cohen|fleiss|alpha",
        "short",
        "the rarer value in 7 problems; says so below 10, `*`",
    ),
    Reason("raters", "percent|sensitivity|specificity", "long", "Clopper-Pearson at the effective size"),
    Reason("raters", "jackknife|BCa", "long", "few items or problems: coefficients take few values"),
    Reason("keyness", "log ratio", "long", "at least as long as for independent hits"),
)


def offered() -> Iterator[Result]:
    """Yield all that the stored simulations say of intervals and tests that are offered."""
    plain = json.loads((HERE / "results.json").read_text("utf-8"))
    reps = plain["about"]["repetitions"]
    for part, head in PARTS.items():
        for design, rows in plain[part].items():
            for method, row in rows.items():
                if "null" not in method and "rejected" in row and re.search(r"ratio (\d|\.)", design):
                    continue  # a power
                yield from _results(f"{head}: {design}", OFFERED.get(method, method), row, reps)
    for setting, rows in json.loads((HERE / "wider.json").read_text("utf-8"))["results"].items():
        for method, row in rows.items():
            if "not offered" not in method and OTHER_NULL not in method:
                yield from _results(setting, method, row, row["n"])


def _results(setting: str, method: str, row: dict[str, float], n: float) -> Iterator[Result]:
    for key, what in (("coverage", "coverage"), ("rejected", "size")):
        if key in row:
            share = row[key]
            yield Result(setting, method, what, share, (max(share * (1 - share), 0.0025) / max(n, 1)) ** 0.5)


def reason(found: Result) -> Reason | None:
    """Return the first reason that fits."""
    fits = (
        each
        for each in REASONS
        if each.side == found.side
        and re.search(each.setting, found.setting)
        and re.search(each.method, found.method)
    )
    return next(fits, None)


def listing() -> tuple[str, list[str]]:
    """Return the list as Markdown, and what is wrong with the reasons."""
    results = list(offered())
    off = [each for each in results if each.side]
    lines, unexplained, used = [], [], set()
    for found in sorted(off, key=lambda r: (("short", "liberal", "long").index(r.side), r.setting, r.method)):
        why = reason(found)
        used.add(why)
        if why is None and not found.noise:
            unexplained.append(f"no reason for {found}")
        words = why.why if why else "" if found.noise else "?"
        words += f"{' ' if words else ''}(within two standard errors of the simulation)" * found.noise
        lines.append(
            f"| {found.setting} | {found.method} | {found.what} {found.share:.3f} | {found.side} | {words} |"
        )
    idle = [f"explains nothing: {each}" for each in REASONS if each not in used]
    counts = [f"{sum(r.side == side for r in off)} {side}" for side in ("short", "liberal", "long")]
    head = (
        f"Of {len(results)} intervals and tests in all settings, {len(results) - len(off)} are within "
        f"93-97% or at most 6.5%; {', '.join(counts)}:"
    )
    table = ["| setting | method | measured | | why |", "|---|---|---|---|---|", *lines]
    return "\n".join([head, "", *table]), unexplained + idle


def main() -> None:
    """Print the list, and replace what is between the marks of the page."""
    text, wrong = listing()
    print(text)
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
