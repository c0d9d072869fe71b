"""Flips: counted by hand, and tested as the binomial is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reasonlens.workflow.ban_arms import Planned
from reasonlens.workflow.ban_flips import flips

ARMS = [Planned("baseline", "baseline"), Planned("target", "target", ("wait",)), Planned("repeat", "repeat")]
Cells = list[tuple[float, float]]


def responses(problems: dict[str, Cells]) -> pd.DataFrame:
    """Return one row per response; (baseline, banned) by problem, the repeat as the baseline."""
    rows = [
        (problem, arm, i, value)
        for problem, cells in problems.items()
        for i, (before, under) in enumerate(cells)
        for arm, value in (("baseline", before), ("target", under), ("repeat", before))
    ]
    return pd.DataFrame(rows, columns=["problem_id", "condition", "sample", "accuracy"])


def test_flips_by_hand() -> None:
    frame = responses({"a": [(1, 0), (1, 0), (1, 1), (0, np.nan)], "b": [(0, 1), (1, 0), (1, 0), (0, 0)]})
    rows = flips(frame, ARMS, "m").to_dict("records")
    found = {(row["arm"], row["problem_id"]): row for row in rows}
    columns = ["n_pairs", "right_to_wrong", "wrong_to_right", "excluded"]
    assert [found["target", "a"][name] for name in columns] == [3, 2, 0, 1]
    assert [found["target", "b"][name] for name in columns] == [4, 2, 1, 0]
    assert [found["target", "(all)"][name] for name in columns] == [7, 4, 1, 1]
    assert found["target", "(all)"]["p_value"] == pytest.approx(2 * 6 / 32)  # 4 to 1 of five tosses
    assert found["target", "a"]["baseline"] == 1.0
    assert found["target", "a"]["excluded_why"] == "no verdict: 1"
    assert all(np.isnan(row["p_value"]) for row in rows if row["arm"] == "repeat")  # no pairs
    assert [found["repeat", "(all)"][name] for name in columns[1:3]] == [0, 0]


def test_nothing_known_is_nothing() -> None:
    assert flips(responses({"a": [(np.nan, 1.0)]}), ARMS[:2], "m").empty


cell = st.tuples(st.sampled_from([0.0, 1.0, np.nan]), st.sampled_from([0.0, 1.0, np.nan]))


@given(st.dictionaries(st.sampled_from("abc"), st.lists(cell, min_size=1, max_size=9), min_size=1))
def test_problems_add_up_and_p_is_the_binomial(problems: dict[str, Cells]) -> None:
    found = flips(responses(problems), ARMS[:2], "m")
    known = [(b, u) for cells in problems.values() for b, u in cells if b == b and u == u]
    if not known:
        assert found.empty
        return
    whole = found[found["problem_id"] == "(all)"].iloc[0]
    parts = found[found["problem_id"] != "(all)"]
    for column in ("n_pairs", "right_to_wrong", "wrong_to_right"):
        assert whole[column] == parts[column].sum()
    lost, won = known.count((1.0, 0.0)), known.count((0.0, 1.0))
    assert (whole["n_pairs"], whole["right_to_wrong"], whole["wrong_to_right"]) == (len(known), lost, won)
    p = stats.binomtest(won, won + lost).pvalue if won + lost else 1.0
    assert whole["p_value"] == pytest.approx(p)
