from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from reasonlens.stats.multiplicity import benjamini_hochberg, holm
from tests.oracles import stats_oracle as oracle


@pytest.fixture(scope="module", autouse=True)
def quick_collection():
    """Statsmodels collects garbage at every call of `multipletests`: a second each in a long session."""
    gc.freeze()
    yield
    gc.unfreeze()


p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(p_lists)
def test_holm_equals_the_oracle_and_statsmodels(p):
    assert holm(p) == pytest.approx(oracle.holm(p))
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@given(p_lists)
def test_benjamini_hochberg_equals_statsmodels(p):
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_undefined_p_values_do_not_count_as_tests(adjust):
    found = adjust([0.01, np.nan, 0.5])
    assert found[[0, 2]] == pytest.approx(adjust([0.01, 0.5]))
    assert np.isnan(found[1])
    assert adjust([]).tolist() == []
    assert np.isnan(adjust([np.nan])).all()
