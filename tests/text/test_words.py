"""The word rule: its five rules by example, the oracle on generated text, and the shipped table."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.text import build_word_table, words
from tests.oracles import words_oracle

PIECES = [
    *("a", "B", "é", "e\u0301", "ß", "İ", "\u017f", "\u212a", "Σ", "ж", "א", "ع", "ना", "한", "ǅ"),
    *("0", "7", "½", "Ⅷ", "²", "_", "\u0301", "\ufe0f", "\u20e3", "\u0345", "\u200d", "\u00ad"),
    *("'", "’", "`", "\u02bc", "-", "\u2010", "—", "\\", "\\\\", "$", "{", "}", "*", ".", ",", "@"),
    *(" ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u2028", "\u3000", "\x1c", "\0", "\0\n\n\0", "\ufeff"),
    *("等", "々", "〇", "か", "カ", "ｶ", "ー", "ไ", "ำ", "ກ", "ក", "က", "\u103a", "\u3099", "。"),
    *("😀", "❤\ufe0f", "let's", "can’t", "o'", "'n", "a'b'c", "\\times", "3_4", "1's"),
    *("\U00020000", "\U0010ffff", "\ud800"),
]


def nasty(max_size: int = 30) -> st.SearchStrategy[str]:
    """Return text out of everything that the word rule treats in a way of its own."""
    return st.lists(st.sampled_from(PIECES), max_size=max_size).map("".join)


def found(text: str) -> list[str]:
    tokens = words.tokenize(words.codepoints(text))
    return [text[a:b] for a, b in zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)]


def same_as_oracle(text: str) -> None:
    tokens = words.tokenize(words.codepoints(text))
    wanted = words_oracle.tokens(text)
    assert list(zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)) == [t[:2] for t in wanted]
    assert tokens.is_command.tolist() == [t.command for t in wanted]
    assert tokens.is_word.tolist() == [t.lettered and not t.command for t in wanted]
    for latex in ("skip", "count"):
        assert words.count_words(text, latex) == words_oracle.word_count(text, latex)


def test_rule_1_a_token_is_a_run_of_letters_numbers_underscores_and_marks() -> None:
    assert found("Wait—no, x_1 = 3½² cafe\u0301!") == ["Wait", "no", "x_1", "3½²", "cafe\u0301"]
    assert found("well-known e.g. 1,000") == ["well", "known", "e", "g", "1", "000"]


def test_rule_1_a_leading_mark_starts_nothing() -> None:
    assert found("❤\ufe0f \ufe0fwait \u0301") == ["wait"]
    assert found("❤\ufe0fwait") == ["wait"]
    assert found("a\ufe0fb") == ["a\ufe0fb"]


def test_rule_2_an_apostrophe_between_letters_joins_them() -> None:
    assert found("let's can’t rock'n'roll") == ["let's", "can’t", "rock'n'roll"]
    assert found("'wait' wait' 'tis x''y") == ["wait", "wait", "tis", "x", "y"]


def test_rule_2_before_the_apostrophe_a_letter_or_its_mark_after_it_a_letter() -> None:
    assert found("5's _'s a'5 a'_") == ["5", "s", "_", "s", "a", "5", "a", "_"]
    assert found("e\u0301's e'\u0301s") == ["e\u0301's", "e", "s"]
    assert found("❤\ufe0f's") == ["s"]


def test_rule_3_scripts_without_spaces_have_a_token_per_letter() -> None:
    assert found("等等wait一下") == ["等", "等", "wait", "一", "下"]
    assert found("カーｶ 々 ไทย ກາ ក က") == ["カ", "ー", "ｶ", "々", "ไ", "ท", "ย", "ກ", "າ", "ក", "က"]
    assert found("等's s'等") == ["等", "s", "s", "等"]
    assert found("等\u0301a က\u103a") == ["等", "a", "က"]


def test_rule_4_a_token_after_a_backslash_is_a_command() -> None:
    tokens = words.tokenize(words.codepoints("\\times times \\\\x \\ y \\等等 \\'a"))
    assert tokens.is_command.tolist() == [True, False, True, False, True, False, False]
    assert tokens.is_word.tolist() == [False, True, False, True, False, True, True]


def test_rule_5_words_have_a_letter_and_are_no_commands() -> None:
    text = "2 times 3_4 is \\frac{x}{2} 等等 _ ½ 2x"
    assert words.count_words(text) == 6  # times is x 等 等 2x
    assert words.count_words(text, latex="count") == 7
    assert words.count_words("") == 0


@given(nasty())
def test_tokens_equal_the_oracle(text: str) -> None:
    same_as_oracle(text)


@given(st.text(st.characters(codec=None), max_size=60))
def test_tokens_of_any_characters_equal_the_oracle(text: str) -> None:
    same_as_oracle(text)


@given(st.lists(nasty(12), max_size=5))
def test_words_of_parts_add_up_across_blank_lines(parts: list[str]) -> None:
    assert words.count_words("\n\n".join(parts)) == sum(words.count_words(part) for part in parts)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a'" * 200_000, 1),
        ("\u0301" * 400_000, 0),
        ("a" + "\u0301" * 400_000, 1),
        (" " * 400_000, 0),
        ("a" * 400_000, 1),
        ("\\a" * 200_000, 200_000),
        ("等" * 400_000, 400_000),
        ("'" * 400_000, 0),
    ],
    ids=["joined", "marks", "marked", "spaces", "letters", "commands", "han", "apostrophes"],
)
def test_long_runs(text: str, tokens: int) -> None:
    assert len(words.tokenize(words.codepoints(text)).starts) == tokens


def test_the_table_covers_every_code_point() -> None:
    kinds, lower = words.classes(), words.lower_table()
    assert kinds.shape == lower.shape == (0x110000,)
    assert set(np.unique(kinds).tolist()) == set(range(8))
    assert not kinds.flags.writeable
    assert not lower.flags.writeable
    assert (lower[lower] == lower).all()  # lower case of lower case is itself


def test_the_lower_table_is_lower_where_that_is_one_character() -> None:
    lower = words.lower_table()
    for char, small in {"A": "a", "É": "é", "İ": "İ", "Σ": "σ", "\u212a": "k", "ß": "ß", "ẞ": "ß"}.items():
        assert chr(lower[ord(char)]) == small


def test_capitals_are_all_that_the_lower_table_changes() -> None:
    lower, pairs = words.lower_table(), words.capitals()
    assert sorted(pairs[:, 0].tolist()) == np.flatnonzero(lower != np.arange(len(lower))).tolist()
    assert (lower[pairs[:, 0]] == pairs[:, 1]).all()


@pytest.mark.skipif(
    unicodedata.unidata_version != build_word_table.UNICODE,
    reason=f"the shipped table is of Unicode {build_word_table.UNICODE}",
)
def test_the_shipped_table_is_the_running_unicode_data() -> None:
    kinds, lower = words.classes(), words.lower_table()
    assert build_word_table.table()[:0x110000] == kinds.tobytes()
    scripts = ("HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "HENTAIGANA", "THAI", "LAO", "KHMER", "MYANMAR")
    for code in range(0x110000):
        char = chr(code)
        small = char.lower()
        assert lower[code] == (ord(small) if len(small) == 1 else code), hex(code)
        general = unicodedata.category(char)[0]
        name = unicodedata.name(char, "")
        spaceless = name.startswith((*scripts, "CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH"))
        if code in (0x27, 0x2019):
            kind = words.APOSTROPHE
        elif char == "_":
            kind = words.UNDERSCORE
        elif char.isspace():
            kind = words.SPACE
        elif general == "L" and (spaceless or char in "々〆〻\U00016fe3"):
            kind = words.SPACELESS
        elif general == "M" and spaceless:
            kind = words.OTHER  # marks of these scripts belong to no token
        else:
            kind = {"L": words.LETTER, "M": words.MARK, "N": words.NUMBER}.get(general, words.OTHER)
        assert kinds[code] == kind, (hex(code), name)


@given(nasty())
def test_narrow_codes_are_the_same_codes_with_the_same_tokens(text: str) -> None:
    wide, narrow = words.codepoints(text), words.narrow_codepoints(text)
    assert narrow.tolist() == wide.tolist()
    assert (narrow.dtype == np.uint8) == text.isascii()
    for table in (words.classes(), words.lower_table().astype(np.uint8)):
        assert words.look_up(table, narrow).tolist() == table[wide].tolist()
    plain = "".join(char if char.isascii() else "-" for char in text)
    same_as_oracle(plain)
    one, other = words.tokenize(words.codepoints(plain)), words.tokenize(words.narrow_codepoints(plain))
    for name in ("starts", "ends", "is_word", "is_command"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
