"""Seeded sampling draws from the distribution it says, row by row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from reasonlens.backends import SamplingParams  # noqa: E402
from reasonlens.backends._sampling import SeededSampler, filtered  # noqa: E402


@given(
    seed=st.integers(0, 10**6),
    temperature=st.sampled_from([0.3, 1.0, 2.5]),
    top_p=st.sampled_from([0.05, 0.5, 0.95, 1.0]),
    top_k=st.sampled_from([-1, 1, 3, 50]),
)
def test_filters_equal_those_of_transformers(seed: int, temperature: float, top_p: float, top_k: int) -> None:
    scores = torch.randn(3, 40, generator=torch.Generator().manual_seed(seed)) * 3
    expected = transformers.TemperatureLogitsWarper(temperature)(None, scores)
    if top_k > 0:
        expected = transformers.TopKLogitsWarper(top_k)(None, expected)
    if top_p < 1:
        expected = transformers.TopPLogitsWarper(top_p)(None, expected)
    found = filtered(scores, SamplingParams(temperature, top_p, top_k))
    assert torch.equal(torch.isinf(found), torch.isinf(expected))
    kept = ~torch.isinf(found)
    assert torch.allclose(found[kept], expected[kept])


def test_the_draws_follow_the_softmax() -> None:
    scores = torch.tensor([[2.0, 1.0, 0.0, -1.0, 0.5]])
    n = 4_000
    sampler = SeededSampler(SamplingParams(temperature=0.8, top_p=1.0), list(range(n)), "cpu")
    drawn = sampler(None, scores.expand(n, -1)).argmax(dim=-1).numpy()
    expected = n * torch.softmax(scores[0] / 0.8, dim=-1).numpy().astype(np.float64)
    counts = np.bincount(drawn, minlength=5)
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > 0.001


def test_steps_of_one_row_are_independent_of_the_rows_beside_it() -> None:
    scores = torch.randn(4, 30, generator=torch.Generator().manual_seed(1))
    sampling = SamplingParams(top_p=1.0)
    many = SeededSampler(sampling, [5, 6, 7, 8], "cpu")
    one = SeededSampler(sampling, [7], "cpu")
    for _ in range(10):
        assert many(None, scores)[2].argmax() == one(None, scores[2:3])[0].argmax()


def test_only_the_drawn_token_is_left() -> None:
    left = SeededSampler(SamplingParams(), [1, 2], "cpu")(None, torch.zeros(2, 9))
    assert torch.isfinite(left).sum(dim=-1).tolist() == [1, 1]
