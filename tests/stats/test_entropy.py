"""Entropy from the most likely tokens, against the full softmax of simulated distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy
from scipy.stats import spearmanr

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.entropy import entropy, entropy_bounds

V = 5_000


def softmax(logits: np.ndarray) -> np.ndarray:
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def mixture(rng: np.random.Generator, n: int) -> np.ndarray:
    """Sharp, flat and heavy-tailed distributions, as a model has at different places."""
    scale = rng.uniform(0.5, 6.0, (n, 1))
    heavy = -rng.uniform(0.8, 3.0, (n, 1)) * np.log(np.arange(1, V + 1))
    return softmax(np.where(rng.random((n, 1)) < 0.5, scale * rng.normal(size=(n, V)), heavy))


def top(p: np.ndarray, k: int) -> np.ndarray:
    return np.log(-np.sort(-p, axis=1)[:, :k])


@pytest.mark.parametrize("k", [1, 5, 20, 100])
def test_the_full_entropy_is_between_the_bounds(rng: np.random.Generator, k: int) -> None:
    p = mixture(rng, 200)
    full = scipy_entropy(p, axis=1)
    bounds = entropy_bounds(top(p, k), V)
    assert np.all(bounds.low <= full + 1e-6)
    assert np.all(full <= bounds.high + 1e-6)
    np.testing.assert_allclose(entropy(p), full, rtol=1e-10)


def test_the_midpoint_ranks_tokens_as_the_full_entropy_does(rng: np.random.Generator) -> None:
    p = mixture(rng, 200)
    full = scipy_entropy(p, axis=1)
    middle = entropy_bounds(top(p, 20), V).middle
    assert spearmanr(middle, full).statistic > 0.98
    # the 20% most uncertain tokens are nearly the same
    cut = np.quantile(full, 0.8)
    guessed = np.argsort(-middle)[: int((full >= cut).sum())]
    assert np.mean(full[guessed] >= cut) > 0.85


def test_all_tokens_known_gives_the_entropy_itself(rng: np.random.Generator) -> None:
    p = softmax(rng.normal(size=(50, 30)))
    bounds = entropy_bounds(np.log(p), 30)
    np.testing.assert_allclose(bounds.low, entropy(p), rtol=1e-9)
    np.testing.assert_allclose(bounds.high, entropy(p), rtol=1e-9)


def test_a_worked_example() -> None:
    # .5 and .25 known of four tokens; the tail of .25 is at most .25 each, or .125 each
    bounds = entropy_bounds(np.log([[0.25, 0.5]]), 4)
    head = 0.5 * np.log(2) + 0.25 * np.log(4)
    assert bounds.low[0] == pytest.approx(head + 0.25 * np.log(4))
    assert bounds.high[0] == pytest.approx(head + 2 * 0.125 * np.log(8))
    assert bounds.middle[0] == pytest.approx((bounds.low[0] + bounds.high[0]) / 2)


def test_rows_of_different_length_and_unknown_tokens() -> None:
    bounds = entropy_bounds([[np.log(0.9), np.nan], [np.nan, np.nan], [0.0, np.nan], [0.0, -np.inf]], 1000)
    assert bounds.low[0] == pytest.approx(entropy_bounds([[np.log(0.9)]], 1000).low[0])
    assert np.isnan(bounds.low[1])
    assert np.isnan(bounds.high[1])
    assert bounds.high[2:].tolist() == [0.0, 0.0], "a sure token has no entropy"


@pytest.mark.parametrize(
    ("logprobs", "vocabulary", "message"),
    [
        ([[0.5]], 10, "a log-probability is above 0"),
        ([[np.log(0.9), np.log(0.3)]], 10, "add up to 1.2000"),
        ([[np.log(0.5), np.log(0.5)]], 1, "2 tokens are known of a vocabulary of 1"),
        (
            [[np.log(0.5), np.log(0.01)]],
            20,
            "token 0: a mass of 0.4900 does not fit into the other 18 tokens",
        ),
        ([np.log(0.5)], 20, "one row per token, got shape"),
    ],
)
def test_impossible_input(logprobs: list[list[float]], vocabulary: int, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        entropy_bounds(logprobs, vocabulary)


@given(st.lists(st.floats(0.001, 1.0), min_size=2, max_size=40), st.integers(1, 40))
def test_bounds_hold_for_any_distribution(weights: list[float], k: int) -> None:
    p = np.array([weights]) / sum(weights)
    bounds = entropy_bounds(top(p, min(k, len(weights))), len(weights))
    assert bounds.low[0] <= entropy(p)[0] + 1e-4
    assert entropy(p)[0] <= bounds.high[0] + 1e-4
    assert bounds.low[0] >= -1e-12
    assert bounds.high[0] <= np.log(len(weights)) + 1e-4
