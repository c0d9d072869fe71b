from __future__ import annotations

import numpy as np
import pytest

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Interval
from reasonlens.stats.estimate import LIKE, Estimate, choice, codes, generator, vector


def test_an_estimate_is_an_interval_with_its_estimand() -> None:
    e = Estimate(0.5, 0.4, 0.6, 0.95, "t", 30, 480)
    assert isinstance(e, Interval)
    assert (e.estimand, e.n_problems, e.seed) == (LIKE, 30, None)
    assert np.isnan(e.p_value)
    with pytest.raises(AttributeError):
        e.value = 1.0  # type: ignore[misc]


def test_a_seed_is_reported_and_a_generator_is_used_as_it_is(rng: np.random.Generator) -> None:
    assert generator(rng) == (rng, None)
    made, seed = generator(5)
    assert seed == 5
    assert made.random() == np.random.default_rng(5).random()


def test_no_global_state_is_touched() -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[index, union-attr]
    generator(1)[0].random(100)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # type: ignore[index]


def test_vectors_and_codes_are_checked() -> None:
    assert vector("x", [1, 2]).dtype == np.float64
    assert codes("p", [True, False]).tolist() == [1, 0]
    assert codes("p", []).tolist() == []
    with pytest.raises(StatisticsError, match="x must have 3 entries, got 2"):
        vector("x", [1, 2], 3)
    with pytest.raises(StatisticsError, match="x has values that are NaN or infinite; leave those out"):
        vector("x", [np.nan])
    with pytest.raises(StatisticsError, match=r"p must be integer codes, got float64 of shape \(1,\)"):
        codes("p", [1.0])
    with pytest.raises(StatisticsError, match="'c'; it must be one of 'a', 'b'"):
        choice("letter", "c", ("a", "b"))
