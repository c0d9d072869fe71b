"""LIWC and quanteda dictionaries; every message is compared whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.core.errors import DefinitionError
from reasonlens.lexicon.definition import Lexicon, Rule, load
from reasonlens.lexicon.foreign import liwc, quanteda

LIWC = """\
%
1\tfunction (Function Words)
\t22\ttentat
03\tassent
%

maybe\t1\t22
kind of\t22
perhaps*\t1 22
yes\t3
:)\t3
Maybe\t22
"""

QUANTEDA = """\
hedge:
  - maybe
  - kind of
  - perhaps*
stance:
  doubt: [not sure, "I'm  lost"]
  assent:
    - yes
    - on
    - 1
    - strong: [sure thing]
wait: hold on
"""


def content(lexicon: Lexicon) -> dict[str, list[str]]:
    return {category.name: [entry.text for entry in category.entries] for category in lexicon.categories}


def test_liwc(tmp_path: Path) -> None:
    path = tmp_path / "my words.dic"
    path.write_text(LIWC)
    lexicon = load(path)
    assert content(lexicon) == {
        "function": ["maybe", "perhaps*"],
        "tentat": ["maybe", "kind of", "perhaps*"],
        "assent": ["yes"],
    }
    assert [category.title for category in lexicon.categories] == [
        "function (Function Words)",
        "tentat",
        "assent",
    ]
    assert (lexicon.name, lexicon.version, lexicon.status) == ("my_words", "unversioned", "user")
    assert (lexicon.rule, lexicon.path) == (Rule(), str(path))
    assert lexicon.source == "LIWC dictionary my words.dic"
    assert lexicon.notes == (
        "Left out, no letter or digit in it: ':)'.\nTwice in one category, counted once: 'Maybe'."
    )


def test_liwc_with_spaces_for_tabs() -> None:
    assert content(liwc("%\n1 a\n2 b\n%\nkind of  1 2\nwait 2\n", "w.dic")) == {
        "a": ["kind of"],
        "b": ["kind of", "wait"],
    }


def test_notes_name_five_of_many() -> None:
    faces = [":)", ":(", ";)", ":-", ":|", ":/", "^^"]
    text = "%\n1\ta\n%\nwait\t1\n" + "".join(f"{face}\t1\n" for face in faces)
    assert liwc(text, "w.dic").notes == (
        "Left out, no letter or digit in it: ':)', ':(', ';)', ':-', ':|' and 2 more."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "wait\t1\n",
            (
                "w.dic: a LIWC dictionary begins with its categories between two lines that hold only %; "
                "if this is a .dicx or .csv file with another ending, save it as .dic from LIWC"
            ),
        ),
        (
            "%\n1\ta\nwait\t1\n",
            (
                "w.dic: a LIWC dictionary begins with its categories between two lines that hold only %; "
                "if this is a .dicx or .csv file with another ending, save it as .dic from LIWC"
            ),
        ),
        ("%\n1\ta\n\na\t2\n%\n", "w.dic:4: 'a\\t2' is no category; write its number, a tab and its name"),
        ("%\n1\n%\n", "w.dic:2: '1' is no category; write its number, a tab and its name"),
        ("%\n1\ta\n01\tb\n%\n", "w.dic:3: category number 1 is there already (w.dic:2); give it another"),
        ("%\n1\ta\n2\ta (again)\n%\n", "w.dic:3: category name 'a' is there already; give it another"),
        (
            "%\n1\ta\n%\nwait\t1\t2\n",
            (
                "w.dic:4: entry 'wait' is in category 2, which the header does not name; "
                "add it between the two % lines or remove the number"
            ),
        ),
        (
            "%\n125\ta\n%\nkind\t(02 134)125/464\n",
            (
                "w.dic:4: entry 'kind' has the condition '(02 134)125/464', which is not supported; "
                "replace it by plain category numbers, or remove the line"
            ),
        ),
        (
            "%\n125\ta\n%\n\nkind\t<of>131/125\t125\n",
            (
                "w.dic:5: entry 'kind' has the condition '<of>131/125\\t125', which is not supported; "
                "replace it by plain category numbers, or remove the line"
            ),
        ),
        (
            "%\n1\ta\n%\nwait\n",
            (
                "w.dic:4: 'wait' is no entry; write the word, a tab and its category numbers, "
                "with tabs between them"
            ),
        ),
        (
            "%\n1\ta\n%\nwait\tone\n",
            (
                "w.dic:4: 'wait\\tone' is no entry; write the word, a tab and its category numbers, "
                "with tabs between them"
            ),
        ),
        (
            "%\n1\ta\n%\nwa*t\t1\n",
            (
                "w.dic:4: category 'a': entry 'wa*t' has a '*' that does not end a word; "
                "a prefix is written 'verif*', and nothing else stands for any letters "
                "(use match = 'regex' in a lexicon of its own)"
            ),
        ),
        ("%\n1\ta\n2\tb\n%\nwait\t1\n", "w.dic:3: category 'b' has no entries; add some or remove it"),
    ],
)
def test_mistakes_in_liwc(text: str, expected: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(expected) + r"\Z"):
        liwc(text, "w.dic")


def test_quanteda(tmp_path: Path) -> None:
    for ending in ("yml", "yaml", "YML"):
        path = tmp_path / f"hedges.{ending}"
        path.write_text(QUANTEDA)
        lexicon = load(path)
        assert content(lexicon) == {
            "hedge": ["maybe", "kind of", "perhaps*"],
            "stance.doubt": ["not sure", "I'm lost"],
            "stance.assent": ["yes", "on", "1"],
            "stance.assent.strong": ["sure thing"],
            "wait": ["hold on"],
        }
        assert (lexicon.name, lexicon.version, lexicon.rule) == ("hedges", "unversioned", Rule())
        assert (lexicon.source, lexicon.notes) == (f"quanteda dictionary hedges.{ending}", "")


def test_quanteda_repairs_what_is_harmless() -> None:
    assert quanteda('a: [wait, Wait, ":)", WAIT]', "w.yml").notes == (
        "Left out, no letter or digit in it: ':)'.\nTwice in one category, counted once: 'Wait', 'WAIT'."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "w.yml: a quanteda dictionary is a mapping; write KEY: [word, word]"),
        ("- a\n", "w.yml: a quanteda dictionary is a mapping; write KEY: [word, word]"),
        (
            "a:\n  - b\n  c: d\n",
            "w.yml:3: not valid YAML: expected <block end>, but found '?'; mend the line",
        ),
        ("a: [b\n", "w.yml:2: not valid YAML: expected ',' or ']', but got '<stream end>'; mend the line"),
        (
            "a: [b, \x07]\n",
            (
                "w.yml: not valid YAML: unacceptable character #x0007: special characters are not allowed; "
                "remove it"
            ),
        ),
        ("a: [b]\nc: d, e\n", "w.yml:2: category 'c' is the text 'd, e'; write a list: [d, e]"),
        ("a: [b]\nc:\n  d:\n", "w.yml:3: category 'c.d' has no entries; add some or remove it"),
        ("a: [b]\nc: []\n", "w.yml:2: category 'c' has no entries; add some or remove it"),
        ("a: [b]\nc: {}\n", "w.yml:2: category 'c' has no entries; add some or remove it"),
        ("? [a]\n: [b]\n", "w.yml:1: a key must be a word; write KEY: [word, word]"),
        ("a: [b]\na: [c]\n", "w.yml:2: category 'a' is there already (w.yml:1); join the two"),
        ("a: &x [b]\nc: *x\n", "w.yml:1: an alias (*name) is used here; write its words out"),
        ("a: &x [b, *x]\n", "w.yml:1: an alias (*name) is used here; write its words out"),
        (
            "a:\n - b\n - wh?\n",
            (
                "w.yml:3: category 'a': entry 'wh?' has a '?', which stands for any character in quanteda "
                "and is not supported; list the words it means"
            ),
        ),
        (
            "a:\n - b\n - '*ly'\n",
            (
                "w.yml:3: category 'a': entry '*ly' has a '*' that does not end a word; "
                "a prefix is written 'verif*', and nothing else stands for any letters "
                "(use match = 'regex' in a lexicon of its own)"
            ),
        ),
        ("a:\n - b\n - ''\n", "w.yml:3: category 'a': entry '' is empty; remove it"),
    ],
)
def test_mistakes_in_quanteda(text: str, expected: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(expected) + r"\Z"):
        quanteda(text, "w.yml")


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    text = "a0: &a0 [b]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    with pytest.raises(
        DefinitionError, match=r"w\.yml:1: an alias \(\*name\) is used here; write its words out\Z"
    ):
        quanteda(text, "w.yml")


WORD = st.from_regex(r"[a-zé][a-z0-9]{0,3}('[a-zé])?", fullmatch=True)
PHRASE = st.builds(
    lambda words, star: " ".join(words) + star,
    st.lists(WORD, min_size=1, max_size=3),
    st.sampled_from(["", "*"]),
)
CONTENT = st.dictionaries(WORD, st.lists(PHRASE, min_size=1, max_size=4, unique=True), min_size=1, max_size=4)


def as_liwc(written: dict[str, list[str]]) -> str:
    numbers = {name: str(number) for number, name in enumerate(written, 1)}
    entries = dict.fromkeys(entry for entries in written.values() for entry in entries)
    lines = ["%", *(f"{number}\t{name}" for name, number in numbers.items()), "%"]
    for entry in entries:
        lines.append("\t".join([entry, *(numbers[name] for name in written if entry in written[name])]))
    return "\n".join(lines)


def as_quanteda(written: dict[str, list[str]]) -> str:
    return yaml.safe_dump(written, sort_keys=False, allow_unicode=True)


@pytest.mark.parametrize(("write", "read"), [(as_liwc, liwc), (as_quanteda, quanteda)])
@settings(max_examples=60, deadline=None)
@given(written=CONTENT)
def test_round_trip(
    write: Callable[[dict[str, list[str]]], str],
    read: Callable[[str, str], Lexicon],
    written: dict[str, list[str]],
) -> None:
    got = content(read(write(written), "w.dic"))
    assert {name: set(entries) for name, entries in got.items()} == {
        name: set(e) for name, e in written.items()
    }


@pytest.mark.parametrize("read", [liwc, quanteda])
@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60) | st.text("%\t\n 1a*,:[]{}&-'\"?", max_size=40))
def test_any_text_is_read_or_refused_with_its_name(read: Callable[[str, str], Lexicon], text: str) -> None:
    complaint, lexicon = "", None
    try:
        lexicon = read(text, "w.x")
    except DefinitionError as error:
        complaint = str(error)
    assert complaint.startswith("w.x:") if lexicon is None else lexicon.categories[0].entries
