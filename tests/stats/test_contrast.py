from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import ratio_of_sums, share_of_sums
from reasonlens.stats.contrast import contrast_of_sums, rate_contrast
from reasonlens.stats.difference import FEW
from reasonlens.stats.limits import log_error


def two_sides(rng, problems=30, ratio=1.0):
    effect = rng.normal(0, 0.7, problems)
    sides = []
    for times, words in ((ratio, 4000), (1.0, 900)):
        w = rng.integers(words // 2, words * 2, problems).astype(float)
        sides += [rng.poisson(0.006 * times * w * np.exp(effect + rng.normal(0, 0.4, problems))), w]
    return sides


def test_ratio_and_difference_by_hand():
    found = contrast_of_sums([4, 8, 6], [1000] * 3, [1, 4, 1], [1000] * 3)
    assert found.ratio.value == pytest.approx(3)
    assert found.difference.value == pytest.approx(4)
    assert found.n_clusters == 3


def test_without_correlation_the_limits_are_those_of_zou_and_donner():
    a, b = ([9, 1, 5, 5], [100] * 4), ([5, 5, 9, 1], [100] * 4)
    one, two = ratio_of_sums(*a), ratio_of_sums(*b)
    found = contrast_of_sums(*a, *b)
    down = np.hypot(one.value - one.low, two.high - two.value)
    up = np.hypot(one.high - one.value, two.value - two.low)
    assert found.difference.low == pytest.approx(-down)
    assert found.difference.high == pytest.approx(up)
    assert found.p_value == pytest.approx(1)


def test_a_problem_effect_in_common_makes_the_interval_shorter():
    effect = np.array([1, 2, 4, 8, 16, 3, 6, 12, 5, 9, 2, 7], float)
    words = np.full(12, 1000.0)
    same = contrast_of_sums(2 * effect + 1, words, effect, words)
    other = contrast_of_sums(2 * effect + 1, words, np.roll(effect, 5), words)
    assert same.ratio.high / same.ratio.low < other.ratio.high / other.ratio.low
    assert same.p_value < other.p_value


def test_swapping_sides_inverts_everything(rng):
    xa, wa, xb, wb = two_sides(rng, ratio=1.4)
    one, two = contrast_of_sums(xa, wa, xb, wb), contrast_of_sums(xb, wb, xa, wa)
    assert one.ratio.low == pytest.approx(1 / two.ratio.high)
    assert one.difference.high == pytest.approx(-two.difference.low)
    assert one.p_value == pytest.approx(two.p_value, rel=1e-6)


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("ratio", [1.0, 1.3, 1.6, 3.0])
def test_at_the_level_of_the_p_value_the_interval_touches_no_difference(rng, ratio, shares):
    sides = two_sides(rng, ratio=ratio)
    if shares:
        k = np.full(30, 40.0)
        sides = [np.minimum(sides[0], k), k, np.minimum(sides[2], k), k]
    found = contrast_of_sums(*sides, shares=shares)
    for name, null in (("ratio", 1), ("difference", 0)):
        p = getattr(found, name).p_value
        if 1e-12 < p < 1 - 1e-5:
            edge = getattr(contrast_of_sums(*sides, shares=shares, level=1 - p), name)
            assert min(abs(edge.low - null), abs(edge.high - null)) == pytest.approx(0, abs=1e-5)


def test_a_rate_that_one_response_makes_does_not_decide_the_p_value_of_a_large_difference(rng):
    words = np.full(40, 1000.0)
    many, one = rng.poisson(30, 40).astype(float), np.zeros(40)
    one[[3, 8, 15, 20]] = 8, 2, 2, 1  # a burst, and little else
    found = contrast_of_sums(many, words, one, words)
    assert found.difference.low > 15
    assert found.difference.p_value < 1e-4
    assert found.ratio.high / found.ratio.low > 30  # how many times as many is hardly known
    assert found.ratio.p_value > 1e6 * found.difference.p_value
    both = [
        contrast_of_sums(many, words, one, words, level=level).difference for level in (0.95, 0.99, 0.999)
    ]
    assert all(a.low > b.low and a.high < b.high for a, b in itertools.pairwise(both))


def test_only_shared_problems_are_used_when_paired():
    xa, wa = [5, 7, 9, 50], [100, 100, 100, 100]
    xb, wb = [1, 2, 3, 0], [100, 100, 100, 0]
    found = contrast_of_sums(xa, wa, xb, wb)
    assert found.n_clusters == 3
    assert found.ratio.value == pytest.approx(21 / 6)
    everything = contrast_of_sums(xa, wa, xb, wb, paired=False)
    assert everything.n_clusters == 4
    assert everything.ratio.value == pytest.approx((71 / 400) / (6 / 300))
    assert "all problems" in everything.ratio.method


def test_the_form_for_responses_equals_the_form_for_sums():
    found = rate_contrast([1, 2, 3, 4], [10] * 4, [0, 0, 1, 2], [1, 1, 2], [10] * 3, [0, 1, 2])
    assert found == contrast_of_sums([3, 3, 4], [20, 10, 10], [1, 1, 2], [10] * 3)


def test_a_side_without_hits_has_a_difference_and_no_ratio():
    found = contrast_of_sums([6, 8, 5, 9], [1000] * 4, [0] * 4, [1000] * 4)
    assert np.isnan([found.ratio.value, found.ratio.low, found.ratio.high]).all()
    assert found.ratio.method == "undefined: a side has no hits"
    assert found.difference.value == pytest.approx(7)
    assert found.difference.low < 7 < found.difference.high
    assert found.p_value < 0.05


def test_no_hits_at_all_is_no_difference():
    found = contrast_of_sums([0] * 9, [1000] * 9, [0] * 9, [500] * 9)
    assert found.p_value == 1
    upper = -1000 * np.log(0.025)
    assert found.difference.high == pytest.approx(upper / 9000)
    assert found.difference.low == pytest.approx(-upper / 4500)


def test_hits_in_the_same_single_problem_say_nothing_of_correlation():
    hits = np.zeros(200)
    hits[7] = 1
    found = contrast_of_sums(2 * hits, np.full(200, 400.0), hits, np.full(200, 100.0))
    assert found.p_value > 0.3
    assert found.ratio.low < 0.1


@pytest.mark.parametrize("shares", [False, True])
def test_one_shared_problem_gives_no_interval(shares):
    found = contrast_of_sums([1, 0], [4, 2], [1, 0], [2, 0], shares=shares)
    assert found.difference.method == "fewer than two problems: no interval"
    assert np.isnan([found.difference.low, found.p_value]).all()
    assert found.ratio.value == pytest.approx(0.5)


def test_shares_by_hand():
    found = contrast_of_sums([4, 3, 4, 2], [4] * 4, [1, 1, 2, 0], [4] * 4, shares=True)
    assert found.difference.value == pytest.approx(13 / 16 - 4 / 16)
    one, two = share_of_sums([4, 3, 4, 2], [4] * 4), share_of_sums([1, 1, 2, 0], [4] * 4)
    assert found.difference.low > one.value - two.value - np.hypot(one.value - one.low, two.high - two.value)


def test_shares_of_all_and_none_differ_without_a_p_value_of_zero():
    few = contrast_of_sums([4] * 5, [4] * 5, [0] * 5, [4] * 5, shares=True)
    assert 0.05 < few.p_value < 0.1  # as a sign test of five problems: 2 / 2^5
    found = contrast_of_sums([4] * 9, [4] * 9, [0] * 9, [4] * 9, shares=True)
    assert 0 < found.p_value < 0.05
    assert 0 < found.difference.low < 1


def test_few_problems_with_hits_do_not_make_the_difference_surer_than_a_t_test(rng):
    hits_a, hits_b = rng.poisson(3, 12).astype(float), rng.poisson(1, 12).astype(float)
    hits_b[2:9] = 0
    words = np.full(12, 1000.0)
    found = contrast_of_sums(hits_a, words, hits_b, words)
    gap = hits_a - hits_b
    assert np.count_nonzero(hits_b) < FEW
    t = stats.ttest_rel(hits_a, hits_b)
    assert found.p_value >= t.pvalue * (1 - 1e-9)
    low, high = t.confidence_interval()
    assert found.difference.low <= low + 1e-9
    assert found.difference.high >= high - 1e-9
    assert "at least those of a t interval" in found.difference.method
    flips = np.array(list(itertools.product([-1, 1], repeat=12)))
    exact = np.mean(np.abs(flips @ gap) >= abs(gap.sum()) - 1e-9)
    assert found.p_value == pytest.approx(exact, rel=3, abs=0.02)


cells = st.tuples(st.integers(0, 9), st.integers(1, 500), st.integers(0, 9), st.integers(1, 500))


@given(st.lists(cells, min_size=2, max_size=20), st.booleans())
def test_the_difference_is_always_defined(rows, paired):
    found = contrast_of_sums(*np.array(rows, dtype=float).T, paired=paired)
    assert found.difference.low <= found.difference.value + 1e-12
    assert found.difference.value <= found.difference.high + 1e-12
    assert 0 <= found.p_value <= 1


@given(
    st.lists(cells, min_size=2, max_size=40), st.booleans(), st.booleans(), st.sampled_from([0.8, 0.95, 0.99])
)
def test_a_p_value_is_below_the_level_exactly_if_its_interval_leaves_out_no_difference(
    rows, paired, shares, level
):
    xa, wa, xb, wb = np.array(rows, dtype=float).T
    if shares:
        wa, wb = wa + 8, wb + 8
    found = contrast_of_sums(xa, wa, xb, wb, paired=paired, shares=shares, level=level)
    for one, null in ((found.ratio, 1.0), (found.difference, 0.0)):
        assert np.isnan(one.p_value) == np.isnan(one.low)
        if not np.isnan(one.low):
            assert (one.p_value <= 1 - level) == (one.low > null or one.high < null)


def test_sides_of_different_length_are_refused():
    with pytest.raises(StatisticsError, match="must list the same problems"):
        contrast_of_sums([1], [1], [1, 2], [1, 2])


def test_sides_on_different_problems_have_the_degrees_of_freedom_of_welch(rng):
    xa, wa, xb, wb = two_sides(rng, problems=8)
    gap = np.zeros(8)
    found = contrast_of_sums(np.r_[xa, gap], np.r_[wa, gap], np.r_[gap, xb], np.r_[gap, wb], paired=False)
    (ea, da, wide), (eb, db, _) = log_error(xa, wa), log_error(xb, wb)
    degrees = (ea**2 + eb**2) ** 2 / (ea**4 / da + eb**4 / db)
    uneven = abs(ea**2 - eb**2) / (ea**2 + eb**2)  # what is widened: all of it if one side has all the error
    less = np.sqrt(1 + (4 / 8) * uneven) / wide
    half = stats.t.ppf(0.975, degrees) * np.hypot(ea, eb) * less
    assert np.log(found.ratio.high / found.ratio.value) == pytest.approx(half)
    paired = contrast_of_sums(xa, wa, xb, wb)
    everything = contrast_of_sums(xa, wa, xb, wb, paired=False)
    assert paired.ratio.high == pytest.approx(everything.ratio.high)  # no problem of one side only


def test_sparse_hits_get_a_t_interval_and_hits_in_most_of_few_problems_do_not():
    words = np.full(5, 1000.0)
    most = contrast_of_sums([4, 9, 3, 6, 5], words, [2, 3, 0, 4, 1], words)
    assert "t interval" not in most.difference.method
    sparse = contrast_of_sums([4, 9, 3, 6, 5], words, [2, 3, 0, 0, 0], words)
    assert "at least those of a t interval" in sparse.difference.method
