"""Cells of tables in the terminal: intervals, and the mark of those that are too short."""

from __future__ import annotations

import pytest

from reasonlens.cli._print import interval, show_table
from reasonlens.stats.arrays import mean_of_sums, ratio_of_sums


def cell(found):
    return interval({"value": found.value, "low": found.low, "high": found.high, "method": found.method})


def test_an_interval_that_is_too_short_in_simulation_is_marked_and_explained(capsys):
    none = cell(ratio_of_sums([0] * 9, [1000] * 9))
    few = cell(mean_of_sums([1, 2, 3], [1, 1, 1]))
    many = cell(ratio_of_sums(range(1, 10), [1000] * 9))
    assert none == "0.00 [0.00, 0.41]*"
    assert few == "2.00 [-0.48, 4.48]*"
    assert many.endswith("]")
    show_table([["base", none], ["teacher", many]], ["kind", "rate"], "Rates", 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("* too few problems, or problems with hits")
    assert lines[-1].endswith("(see docs/statistics.md)")


@pytest.mark.parametrize("text", ["1.00 [0.50, 2.00]", "a*"])
def test_without_a_mark_there_is_no_line_below(capsys, text):
    show_table([["base", text]], ["kind", "rate"], "Rates", 1)
    assert "too few" not in capsys.readouterr().out
