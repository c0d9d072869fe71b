"""Patterns in very long texts: windows, and runs without white space."""

from __future__ import annotations

import pytest

from reasonlens.lexicon import patterns
from reasonlens.lexicon.model import Pattern
from tests.lexicon.making import hits, lexicon

pytest.importorskip("spacy")

_OPENER = Pattern("opener", ({"TEXT": {"REGEX": r"[.]$|\n"}}, {"IS_SPACE": True, "OP": "?"}, {"LOWER": "so"}))
_FIRST = Pattern("first", ({"IS_SENT_START": True},))


@pytest.mark.parametrize("unit", ["It is 1. So we go on\n\nSo\n so ", "so.\n\nSo ", "a b c d\t\n So "])
@pytest.mark.parametrize("window", [50, 77, 400])
def test_windows_do_not_change_hits(unit: str, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = unit * 60
    made = lexicon({}, patterns={"c": [_OPENER, _FIRST]})
    whole = hits(["", text, "so"], made)
    assert [place for place in whole[1] if place[1] == "first"] == [
        ("c", "first", 0, len(unit.split()[0].rstrip(".")))
    ]
    assert len(whole[1]) > 60
    monkeypatch.setattr(patterns, "_WINDOW", window)
    monkeypatch.setattr(patterns, "_REACH", 40)
    assert hits(["", text, "so"], made) == whole


def test_a_text_without_white_space_is_cut_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_WINDOW", 100)
    monkeypatch.setattr(patterns, "_REACH", 20)
    made = lexicon({}, patterns={"c": [Pattern("so", ({"LOWER": "so"},))]})
    assert hits(["x" * 1000 + " so"], made) == [[("c", "so", 1001, 1003)]]


@pytest.mark.parametrize("n", [1, 499, 500, 501, 1000, 1001, 2345])
def test_places_after_a_long_run_are_those_of_the_text(n: int) -> None:
    made = lexicon({}, patterns={"c": [Pattern("so", ({"LOWER": "so"},))]})
    text = f"so {'(' * n} so {'x' * n} So"
    wanted = [0, 4 + n, 8 + 2 * n]
    assert hits([text], made) == [[("c", "so", start, start + 2) for start in wanted]]


def test_runs_are_cut_after_500_characters() -> None:
    text, added = patterns._with_breaks("x" * 1200 + " y")
    assert text == f"{'x' * 500} {'x' * 500} {'x' * 200} y"
    assert added == [500, 1001]
    assert [patterns._original(place, added) for place in (0, 500, 501, 1001, 1002, 1203)] == [
        0,
        500,
        500,
        1000,
        1000,
        1201,
    ]
    assert patterns._with_breaks("x" * 500 + " y") == ("x" * 500 + " y", [])
