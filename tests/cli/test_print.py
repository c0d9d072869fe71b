"""Cells of tables in the terminal: intervals, and the marks of those with a reservation."""

from __future__ import annotations

import pytest

from reasonlens.cli._print import interval, show_table
from reasonlens.stats.arrays import ratio_of_sums
from reasonlens.stats.means import mean_of_problems


def cell(found):
    return interval({"value": found.value, "low": found.low, "high": found.high, "method": found.method})


def test_an_interval_that_is_too_short_in_simulation_is_marked_and_explained(capsys):
    few = cell(mean_of_problems([0.2, 0.4, 0.6]))
    many = cell(ratio_of_sums(range(1, 10), [1000] * 9))
    assert few == "0.40 [-0.30, 1.10]*"
    assert many.endswith("]")
    show_table([["base", few], ["teacher", many]], ["kind", "rate"], "Rates", 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("* too few problems, or problems with hits")
    assert lines[-1].endswith("(see docs/statistics.md)")


def test_a_rate_without_hits_has_a_mark_of_its_own(capsys):
    none, one = cell(ratio_of_sums([0] * 9, [1000] * 9)), cell(ratio_of_sums([1] + [0] * 8, [1000] * 9))
    assert none == "0.00 [0.00, 0.41]^"
    assert one.endswith("]")
    show_table([["base", none], ["teacher", one]], ["kind", "rate"], "Rates", 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("^ no hits: the upper limit takes hits as independent")
    assert not lines[-2].startswith("*")


@pytest.mark.parametrize("text", ["1.00 [0.50, 2.00]", "a*", "b^"])
def test_without_a_mark_there_is_no_line_below(capsys, text):
    show_table([["base", text]], ["kind", "rate"], "Rates", 1)
    assert "too few" not in (out := capsys.readouterr().out)
    assert "no hits" not in out
