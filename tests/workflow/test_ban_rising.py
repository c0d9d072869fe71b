"""Words that rise: against a t test by hand, and where nothing rises."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reasonlens.workflow.ban_rising import rising


def counts(rates: dict[str, float], problems: int = 30, words: int = 4000, seed: int = 1) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    table = {word: dice.poisson(rate * words / 1000, problems).astype(float) for word, rate in rates.items()}
    frame = pd.DataFrame(table, index=[f"p{i}" for i in range(problems)]).T
    frame.loc["the"] = words - frame.sum()
    return frame


def test_a_word_that_doubles_is_found() -> None:
    flat = {f"word{i}": 3.0 for i in range(40)}
    before = counts({"however": 4.0, "wait": 9.0, **flat})
    under = counts({"however": 8.0, "wait": 20.0, **flat}, seed=2)
    found = rising(before, under, ["Wait"])
    assert "wait" not in set(found["word"])
    first = found.iloc[0]
    assert (first["word"], first["n_problems"], first["n_tested"]) == ("however", 30, 42)
    assert first["low"] < 2.0 < first["high"]
    assert first["p_adjusted"] < 1e-6
    assert (found["p_adjusted"][1:] > 0.05).all()


def test_p_and_ratio_by_hand() -> None:
    before, under = counts({"so": 4.0}, 12), counts({"so": 6.0}, 12, seed=4)
    row = rising(before, under, []).set_index("word").loc["so"]
    part = 0.5 / 4000
    change = np.log(under.loc["so"] / 4000 + part) - np.log(before.loc["so"] / 4000 + part)
    assert row["value"] == pytest.approx(np.exp(change.mean()))
    assert row["p_value"] == pytest.approx(stats.ttest_1samp(change, 0).pvalue)
    assert row["baseline"] == pytest.approx(before.loc["so"].sum() / 48)


def test_a_shorter_side_alone_is_no_rise() -> None:
    before = counts({"so": 5.0}, 20, words=8000)
    assert rising(before, (before / 4), []).empty or rising(before, before / 4, [])["p_value"].min() > 0.5


def test_words_do_not_rise_because_others_are_gone() -> None:
    before = counts({"wait": 100.0, "so": 30.0, "then": 30.0})
    found = rising(before, before.drop(index="wait"), ["wait"])
    assert found.empty or (found["value"] < 1 + 1e-9).all()


def test_too_little_is_not_tested() -> None:
    few = pd.DataFrame({"p": {"wait": 3.0}, "q": {"wait": 2.0}})
    assert rising(few, few, []).empty
    assert rising(few, few[[]], []).empty
