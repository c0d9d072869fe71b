"""Lines of tables, keys and strings in a TOML text."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.toml_lines import TomlLines

TEXT = '''\
# a comment with "wait" in it
name = "x"  # and "wait" here

notes = """
[rule]  is text here, and so is match = "word"
"""

[rule]
match = 'word'

[category."two words"]
entries = [
    "wait",  # not "stop"
    { text = "hold on", at = "start" }, "wait",
    "na\\u00efve",
]
[category.b]
entries = ["wait"]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 2),
        (("notes",), 4),
        (("rule",), 8),
        (("rule", "match"), 9),
        (("category", "two words"), 11),
        (("category", "two words", "entries"), 12),
        (("category", "two words", "titel"), 11),
        (("category", "b"), 17),
        (("nothing",), None),
    ],
)
def test_key(path: tuple[str, ...], line: int | None) -> None:
    assert TomlLines.scan(TEXT).of_key(path) == line


@pytest.mark.parametrize(
    ("category", "value", "nth", "line"),
    [
        ("two words", "wait", 0, 13),
        ("two words", "wait", 1, 14),
        ("two words", "hold on", 0, 14),
        ("two words", "naïve", 0, 15),
        ("two words", "stop", 0, 12),
        ("b", "wait", 0, 18),
    ],
)
def test_string(category: str, value: str, nth: int, line: int) -> None:
    assert TomlLines.scan(TEXT).of_string(("category", category, "entries"), value, nth) == line


def test_nth_table_of_an_array() -> None:
    lines = TomlLines.scan("[[a.b]]\nx = 1\n[[a.b]]\nx = 2\n")
    assert [lines.of_key(("a", "b"), n) for n in range(3)] == [1, 3, 3]


def test_string_in_an_inline_table() -> None:
    lines = TomlLines.scan('a = 1\ncategory = { w = { entries = ["wait"] } }\n')
    assert lines.of_string(("category", "w", "entries"), "wait") == 2


def test_texts_of_several_lines_with_quotes_at_the_end() -> None:
    text = 'a = """\nsay "wait""""\nb = """"""\nc = \'\'\'it\'s \'so\'\'\'\'\nd = "e"  # "f"\n'
    lines = TomlLines.scan(text)
    assert lines.strings == [
        (("a",), 'say "wait"', 1),
        (("b",), "", 3),
        (("c",), "it's 'so'", 4),
        (("d",), "e", 5),
    ]
    assert lines.of_key(("d",)) == 5


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=8)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=4), st.data())
def test_every_string_is_found_where_it_was_written(tables: list[list[str]], data: st.DataObject) -> None:
    written, expected = [], []
    for number, words in enumerate(tables):
        for _ in range(data.draw(st.integers(0, 2))):
            written.append(data.draw(st.sampled_from(["", "# [x] \"'", '#"""'])))
        written.append(f"[t{number}]")
        written.append("e = [")
        for word in words:
            quoted = json.dumps(word, ensure_ascii=data.draw(st.booleans()) and word.isascii())
            written.append(f"  {quoted},  # ]")
            expected.append((number, word, len(written)))
        written.append("]")
    text = "\n".join(written)
    assert [table["e"] for table in tomllib.loads(text).values()] == tables
    lines = TomlLines.scan(text)
    assert [(path, word, line) for path, word, line in lines.strings] == [
        ((f"t{number}", "e"), word, line) for number, word, line in expected
    ]
