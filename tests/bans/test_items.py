"""Entries to items, and which characters stand for which."""

from __future__ import annotations

import re

import pytest

from reasonlens.bans.folding import variants
from reasonlens.bans.items import CHAR, SPACES, STAR, items_of, normalized
from reasonlens.core.errors import InputError
from reasonlens.text import words


@pytest.mark.parametrize(
    ("char", "expected"),
    [
        ("i", "iI\u0130\u0131"),
        ("S", "sS\u017f"),
        ("k", "kK\u212a"),
        ("σ", "σΣς"),
        ("'", "'\u2019"),
        ("\u2019", "'\u2019"),
        ("é", "éÉ"),
        ("-", "-"),
        ("等", "等"),
    ],
)
def test_what_stands_for_a_character(char: str, expected: str) -> None:
    assert variants(char) == frozenset(map(ord, expected))


def test_the_lexicons_lower_case_and_pythons_folding_are_both_covered() -> None:
    lower = words.lower_table()
    for code in range(0x1F000):
        char = chr(code)
        if words.classes()[code] == words.SPACELESS:
            continue
        if lower[code] != code:
            assert code in variants(chr(lower[code]))
        if (
            len(char.lower()) == 1
            and char.lower() != char
            and re.fullmatch(char, char.lower(), re.IGNORECASE)
        ):
            assert code in variants(char.lower())


def test_entries_are_cleaned_and_kept_in_order() -> None:
    assert normalized([" hold\n on ", "wait", "hold on", "Wait"]) == ("hold on", "wait", "Wait")


@pytest.mark.parametrize("entry", ["", "  ", "*"])
def test_an_empty_entry_is_refused(entry: str) -> None:
    with pytest.raises(InputError, match="cannot be banned: it has no character"):
        items_of([entry])


def kinds(entry: str, match: str = "word") -> tuple[str, bool, bool]:
    (item,) = items_of([entry], match)
    return "".join({CHAR: "c", SPACES: " ", STAR: "*"}[e.kind] for e in item.elements), item.left, item.right


def test_elements_and_boundaries() -> None:
    assert kinds("hold  on") == ("cccc cc", True, True)
    assert kinds("verif*") == ("ccccc", True, False)
    assert kinds("calc* the") == ("cccc* ccc", True, True)
    assert kinds("等等") == ("cc", False, False)
    assert kinds("等wait") == ("ccccc", False, True)
    assert kinds("correction:") == ("c" * 11, True, False)
    assert kinds("a * b") == ("c c c", True, True)
    assert kinds("cafe\u0301") == ("ccccc", True, True)
    assert kinds("wait", "substring") == ("cccc", False, False)
    assert kinds("wait*", "substring") == ("ccccc", False, False)
