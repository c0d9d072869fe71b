"""Matched control sets on made-up baselines whose best answer is known."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from reasonlens.bans.controls import COMMANDS, control_sets
from reasonlens.bans.placebos import placebo, vocabulary_words
from reasonlens.bans.vocabulary import Vocabulary
from reasonlens.core.errors import InputError, StatisticsError

TOTAL = 100_000


def baseline(n: int = 400, seed: int = 3) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    hits = np.round(10 ** dice.uniform(1, 3, n)).astype(int)
    names = ["".join(chr(97 + i // 26**k % 26) for k in range(3)) for i in range(n)]
    return pd.DataFrame(
        {"word": names, "hits": hits, "initial_hits": dice.binomial(hits, dice.uniform(0, 1, n))}
    )


def with_targets(*targets: tuple[str, int, int], n: int = 400) -> pd.DataFrame:
    return pd.concat(
        [baseline(n), pd.DataFrame(targets, columns=["word", "hits", "initial_hits"])], ignore_index=True
    )


def test_nineteen_sets_keep_every_limit() -> None:
    words = with_targets(("wait", 300, 240), ("hmm", 60, 30), ("so", 100, 20), n=2000)
    found = control_sets(words, ["wait", "hmm", "so"], total=TOTAL, widen=False)
    assert len(found.sets) == 19
    used = [word for one in found.sets for word in one]
    assert len(set(used)) == len(used) == 57
    assert not {"wait", "hmm", "so"} & set(used)
    table = found.table
    assert (np.abs(np.log10(table["rate_ratio"])) <= 0.15 + 1e-9).all()
    assert (table["start_difference"].abs() <= 0.25 + 1e-9).all()
    row = table[(table["set"] == 1) & (table["target"] == "wait")].iloc[0]
    assert (row["target_rate"], row["target_start"]) == (3.0, 0.8)
    own = words.set_index("word").loc[row["word"]]
    assert row["rate"] == pytest.approx(own["hits"] / TOTAL * 1000)
    assert row["start"] == pytest.approx(own["initial_hits"] / own["hits"])
    assert found.line().startswith(
        "19 of 19 control sets of 3 words, rates within a factor of 1.41 (worst 1."
    )
    assert not found.widened


def test_the_assignment_is_the_cheapest() -> None:
    words = pd.DataFrame(
        {
            "word": ["wait", "so", "aa", "bb", "cc", "dd", "ee"],
            "hits": [100, 120, 105, 95, 118, 125, 130],
            "initial_hits": [50, 60, 50, 50, 50, 70, 65],
        }
    )
    found = control_sets(words, ["wait", "so"], total=10_000, n_sets=2)
    known = words.set_index("word")

    def cost(target: str, word: str) -> float:
        a, b = known.loc[target], known.loc[word]
        rate = np.log10(a["hits"] / b["hits"]) / 0.15
        start = (a["initial_hits"] / a["hits"] - b["initial_hits"] / b["hits"]) / 0.25
        return float(rate**2 + start**2)

    best = min(
        cost("wait", p[0]) + cost("wait", p[1]) + cost("so", p[2]) + cost("so", p[3])
        for p in itertools.permutations(["aa", "bb", "cc", "dd", "ee"], 4)
    )
    total = sum(cost("wait", one[0]) + cost("so", one[1]) for one in found.sets)
    assert total == pytest.approx(best)


def test_what_is_no_word_or_is_excluded_is_no_control() -> None:
    words = pd.DataFrame(
        {
            "word": ["wait", "x", "x1", "a_b", "don't", "times", "perhaps", "Good", "等"],
            "hits": [100] * 9,
            "initial_hits": [10] * 9,
        }
    )
    found = control_sets(words, ["Wait"], total=1000, n_sets=5, exclude=["Perhaps"])
    assert found.sets == (("good",),)
    assert "times" in COMMANDS
    assert "the scarcest match is that of 'wait' (1 candidates)" in found.line()
    assert "no rank among so few sets gives p below 0.500" in found.line()


def test_words_in_several_cases_are_one() -> None:
    words = pd.DataFrame(
        {"word": ["wait", "Wait", "good", "GOOD"], "hits": [60, 40, 50, 50], "initial_hits": [0, 40, 20, 20]}
    )
    found = control_sets(words, ["wait"], total=1000, n_sets=1)
    assert found.table[["target_rate", "target_start", "rate", "start"]].iloc[0].tolist() == [
        100,
        0.4,
        100,
        0.4,
    ]


def test_limits_are_widened_where_words_are_scarce_and_said() -> None:
    words = with_targets(("but", 5000, 4000))
    words.loc[:30, "hits"] = 3000
    words.loc[:30, "initial_hits"] = 10
    with pytest.raises(StatisticsError, match=r"no control set: too few words .* as frequent as but"):
        control_sets(words, ["but"], total=TOTAL, widen=False)
    found = control_sets(words, ["but"], total=TOTAL)
    assert (len(found.sets), found.widened) == (19, True)
    assert found.limits == pytest.approx((0.3, 1.0))
    assert "WIDENED for lack of words: shares of sentence starts within 1.00" in found.line()


def test_targets_that_the_baseline_does_not_have_are_named() -> None:
    words = with_targets(("wait", 300, 150), ("hmm", 0, 0))
    found = control_sets(words, ["wait", "hmm", "let me check"], total=TOTAL, n_sets=2)
    assert found.unmatched == ("hmm", "let me check")
    assert found.line().endswith("; not matched: hmm, let me check")
    with pytest.raises(StatisticsError, match="none of hmm is in the baseline"):
        control_sets(words, ["hmm"], total=TOTAL)


def test_the_seed_decides_which_set_gets_which_word() -> None:
    words = with_targets(("wait", 300, 150), ("so", 100, 50), n=1500)
    one, again, other = (control_sets(words, ["wait", "so"], total=TOTAL, seed=s).sets for s in (1, 1, 2))
    assert one == again != other
    assert sorted(w for s in one for w in s) == sorted(w for s in other for w in s)


def test_tables_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(InputError, match="has no column initial_hits; it needs word, hits, initial_hits"):
        control_sets(pd.DataFrame({"word": ["a"], "hits": [1]}), ["a"], total=1)
    with pytest.raises(InputError, match="the baseline has 0 words"):
        control_sets(baseline(), ["aaa"], total=0)


def test_a_placebo_is_never_used() -> None:
    vocabulary = Vocabulary(
        (b" lamp", b" Lamp", b"river", b" river", b" stone", b" x1", b" to", b" wait"), {}
    )
    assert vocabulary_words(vocabulary) == ["lamp", "river", "stone", "to", "wait"]
    found = placebo(vocabulary_words(vocabulary), {"Stone"}, 2, exclude=["wait"])
    assert found == ("lamp", "river")
    with pytest.raises(
        StatisticsError, match="only 2 words are never used in the baseline, 3 were asked for"
    ):
        placebo(vocabulary_words(vocabulary), {"stone"}, 3, exclude=["wait"])
