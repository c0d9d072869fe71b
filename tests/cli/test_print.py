"""Cells of tables in the terminal: intervals, and the marks of those with a reservation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reasonlens.cli._print import interval, show_table
from reasonlens.stats.arrays import ratio_of_sums
from reasonlens.stats.contrast import contrast_of_sums
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
    none, many = cell(ratio_of_sums([0] * 9, [1000] * 9)), cell(ratio_of_sums([1, 2, 2] * 3, [1000] * 9))
    assert none == "0.00 [0.00, 0.41]^"
    assert many.endswith("]")
    show_table([["base", none], ["teacher", many]], ["kind", "rate"], "Rates", 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("^ no hits: the upper limit takes hits as independent")
    assert not lines[-2].startswith("*")


def test_limits_far_apart_are_marked_and_explained(capsys):
    most, one = (
        cell(ratio_of_sums([12, 1] + [0] * 8, [1000] * 10)),
        cell(ratio_of_sums([1, 0, 0], [1000] * 3)),
    )
    assert most == "1.30 [0.04, 25.0]~"
    assert one == "0.33 [0.01, 1.86]~"
    near = ratio_of_sums([1, 2, 2] * 3, [1000] * 9)
    assert cell(replace(near, low=near.high / 99)).endswith("]")
    assert cell(replace(near, low=near.high / 101)).endswith("]~")
    sides = contrast_of_sums([9, 8, 9], [1000] * 3, [4, 0, 0], [1000] * 3)
    assert sides.ratio.high > 100 * sides.ratio.low
    assert cell(sides.ratio).endswith("]~")
    assert cell(replace(sides.difference, low=0.01, high=5.0)).endswith("]")  # a difference has no such scale
    show_table([["base", most]], ["kind", "rate"], "Rates", 1)
    assert capsys.readouterr().out.splitlines()[-1].startswith("~ a few problems decide it")


@pytest.mark.parametrize("text", ["1.00 [0.50, 2.00]", "a*", "b^"])
def test_without_a_mark_there_is_no_line_below(capsys, text):
    show_table([["base", text]], ["kind", "rate"], "Rates", 1)
    assert "too few" not in (out := capsys.readouterr().out)
    assert "no hits" not in out
