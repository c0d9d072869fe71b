"""Control bans: words that are as frequent as the banned ones and as often start a sentence.

Banning any frequent word costs something. Whether the words of a target matter is told by sets of
other words that are matched to them one by one: the rank of the target's effect among those of M
sets gives ``p = (1 + #{D_m >= D}) / (M + 1)``, so that M = 19 sets are the fewest for 0.05.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from reasonlens.bans.matching import REFUSED, cheapest_sets, costs
from reasonlens.core.errors import InputError, StatisticsError

__all__ = [
    "COMMANDS",
    "RATE_WITHIN",
    "START_WITHIN",
    "Controls",
    "control_sets",
]

RATE_WITHIN = 0.15
"""How far the log10 rates of a word and its match may lie apart (a factor of 1.41)."""

START_WITHIN = 0.25
"""How far their shares of sentence-initial hits may lie apart."""

COMMANDS = frozenset(
    (
        *("times", "frac", "text", "left", "right", "cdot", "sqrt", "sum", "prod", "int", "infty", "begin"),
        *("end", "boxed", "mod", "pmod", "equiv", "quad", "over", "to", "in", "not", "min", "max", "gcd"),
        *("lcm", "log", "sin", "cos", "tan", "lim", "land", "lor", "neg", "angle", "triangle", "circ", "deg"),
        *("dots", "ldots", "cdots", "choose", "binom", "overline", "hat", "bar", "vec", "big", "approx"),
        *("displaystyle", "sim", "leq", "geq", "neq", "div", "pm", "mid", "cup", "cap", "subset"),
    )
)
"""Words that are LaTeX commands as well: a ban of them would take mathematics away."""

_WORD = re.compile(r"[^\W\d_]{2,}\Z")
_COLUMNS = ("word", "hits", "initial_hits")
_WIDER = ((1, 4), (2, 4), (3, 4))  # factors of both limits, tried in turn where words are scarce


@dataclass(frozen=True, slots=True)
class Controls:
    """Matched sets.

    Attributes
    ----------
    sets
        The words of each set, in the order of the matched targets.
    table
        One row per set and target: ``set target target_rate target_start word rate start rate_ratio
        start_difference``; rates are per 1,000 words.
    asked
        How many sets were asked for.
    candidates
        How many words match each target, the scarcest first.
    limits
        How far rates (log10) and shares may lie apart in these sets.
    widened
        Whether these are wider than was asked for, because words were scarce.
    unmatched
        Targets that no set has a match for: those that the baseline never uses, and phrases that the
        table of words does not have.
    """

    sets: tuple[tuple[str, ...], ...]
    table: pd.DataFrame
    asked: int
    candidates: dict[str, int]
    limits: tuple[float, float]
    widened: bool
    unmatched: tuple[str, ...]

    def line(self) -> str:
        """Return in one line how many sets there are, and what limits them."""
        text = f"{len(self.sets)} of {self.asked} control sets of {len(self.candidates)} words"
        rate, start = self.limits
        worst = self.table["rate_ratio"].map(lambda ratio: max(ratio, 1 / ratio)).max()
        text += f", rates within a factor of {10**rate:.2f} (worst {worst:.2f})"
        if self.widened:
            text += f", WIDENED for lack of words: shares of sentence starts within {min(start, 1):.2f}"
        if len(self.sets) < self.asked:
            word, n = next(iter(self.candidates.items()))
            text += f"; the scarcest match is that of {word!r} ({n} candidates)"
        if len(self.sets) < 19:
            text += f"; no rank among so few sets gives p below {1 / (len(self.sets) + 1):.3f}"
        if self.unmatched:
            text += f"; not matched: {', '.join(self.unmatched)}"
        return text


def control_sets(
    words: pd.DataFrame,
    targets: Sequence[str],
    *,
    total: int,
    exclude: Collection[str] = (),
    n_sets: int = 19,
    seed: int = 0,
    rate_within: float = RATE_WITHIN,
    start_within: float = START_WITHIN,
    widen: bool = True,
) -> Controls:
    """Match every target to one word per set; no word is in two sets.

    Parameters
    ----------
    words
        The baseline, one row per word: ``word``, ``hits``, ``initial_hits`` (hits at the start of a
        sentence).
    targets
        The banned words.
    total
        Number of words in the baseline: the denominator of rates.
    exclude
        Words that are no controls: those of the lexicon.
    n_sets
        How many sets to make; fewer are made if the words do not suffice, and `Controls.line` says so.
    seed
        Decides which match goes to which set.
    rate_within, start_within
        The limits of a match: distance of log10 rates, of shares of sentence-initial hits.
    widen
        Where words are scarce (there are not twenty as frequent as *but*) widen the limits in steps: the
        shares first, then the rates to two and three times their limit. The result says so.

    Returns
    -------
    Controls
        The sets and how well they match. Among all assignments that keep both limits the one with the
        least sum of squared distances (in units of the limits) is taken.

    Raises
    ------
    InputError
        If a column is missing.
    StatisticsError
        If not even one set can be made.
    """
    known = _checked(words, total)
    wanted = list(dict.fromkeys(target.lower() for target in targets))
    unmatched = tuple(t for t in wanted if t not in known.index or known.at[t, "hits"] == 0)
    matched = [t for t in wanted if t not in unmatched]
    if not matched:
        raise StatisticsError(
            f"none of {', '.join(wanted) or 'no targets'} is in the baseline, so nothing can be as frequent; "
            "give the counts of traces that use the words"
        )
    pool = known[_usable(known, {*wanted, *(word.lower() for word in exclude)})]
    limits = [(rate_within, start_within)]
    limits += [(rate_within * wide, start_within * far) for wide, far in _WIDER] if widen else []
    for limit in limits:
        cost = costs(known.loc[matched], pool, (rate_within, start_within), limit)
        chosen = cheapest_sets(cost, n_sets)
        if len(chosen) == n_sets:
            break
    n_each = dict(zip(matched, (cost < REFUSED).sum(axis=1).tolist(), strict=True))
    n_each = dict(sorted(n_each.items(), key=lambda pair: pair[1]))
    if not len(chosen):
        none = ", ".join(word for word, n in n_each.items() if not n) or next(iter(n_each))
        raise StatisticsError(
            f"no control set: too few words of the baseline are as frequent as {none} and start sentences as "
            f"often; leave it out, or widen rate_within ({rate_within}) or start_within ({start_within})"
        )
    dice = np.random.default_rng(seed)
    shuffled = np.stack([dice.permutation(column) for column in chosen.T], axis=1)
    names = pool.index.to_numpy()
    sets = tuple(tuple(str(name) for name in names[row]) for row in shuffled)
    table = _table(known, matched, sets)
    return Controls(sets, table, n_sets, n_each, limit, limit != limits[0], unmatched)


def _checked(words: pd.DataFrame, total: int) -> pd.DataFrame:
    missing = [column for column in _COLUMNS if column not in words]
    if missing:
        raise InputError(
            f"the table of words has no column {', '.join(missing)}; it needs {', '.join(_COLUMNS)}"
        )
    if total <= 0:
        raise InputError(f"the baseline has {total} words; rates need at least one")
    known = words.loc[:, list(_COLUMNS)].assign(word=words["word"].str.lower()).groupby("word").sum()
    start = known["initial_hits"] / known["hits"].where(known["hits"] > 0)
    return known.assign(rate=known["hits"] / total * 1000, start=start)


def _usable(known: pd.DataFrame, taken: set[str]) -> npt.NDArray[np.bool_]:
    """Tell which words can be controls: letters only, more than one, no command, used, not taken."""
    return np.array(
        [
            bool(_WORD.match(word)) and word not in taken and word not in COMMANDS and hits > 0
            for word, hits in zip(known.index, known["hits"], strict=True)
        ],
        dtype=np.bool_,
    )


def _table(known: pd.DataFrame, targets: list[str], sets: tuple[tuple[str, ...], ...]) -> pd.DataFrame:
    rows = [
        (
            number,
            target,
            known.at[target, "rate"],
            known.at[target, "start"],
            word,
            known.at[word, "rate"],
            known.at[word, "start"],
        )
        for number, chosen in enumerate(sets, start=1)
        for target, word in zip(targets, chosen, strict=True)
    ]
    columns = ["set", "target", "target_rate", "target_start", "word", "rate", "start"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(
        rate_ratio=table["rate"] / table["target_rate"],
        start_difference=table["start"] - table["target_start"],
    )
