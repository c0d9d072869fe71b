"""Lexicons by name and from options, and what decides their digest; every message is compared whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import DefinitionError, InputError, UnknownNameError
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import Rule, from_options, load
from tests.lexicon.making import GOOD, write


@pytest.mark.parametrize("given_path", ["words.txt", "./words", Path("words")])
def test_unknown_kind_of_file(given_path: str | Path) -> None:
    expected = f"{given_path}: a lexicon file ends in .toml, .dic (LIWC), .yml or .yaml (quanteda)"
    with pytest.raises(InputError, match=re.escape(expected) + r"\Z"):
        load(given_path)


def test_unknown_name() -> None:
    with pytest.raises(
        UnknownNameError, match=r"\Ano lexicon is named 'r1_natur'. Did you mean 'r1_nature'\?"
    ):
        load("r1_natur")


def test_the_package_comes_before_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "reasonlens"
    monkeypatch.setattr(definition, "_PACKAGE", package)
    assert definition.folder() == tmp_path / "lexicons"
    (package / "lexicons").mkdir(parents=True)
    assert definition.folder() == package / "lexicons"
    assert definition.names() == []
    for name in ("b", "a"):
        write(package / "lexicons", 'version = "1"\n[category.c]\nentries = ["x"]\n', f"{name}.toml")
    assert definition.names() == ["a", "b"]
    assert load("a").path == str(package / "lexicons" / "a.toml")


# -- options -----------------------------------------------------------------------------------------------


def test_options_make_one_lexicon() -> None:
    lexicon = from_options(["waitlike= wait ,hold  on", " x y =verif*,=a"])
    assert (lexicon.name, lexicon.status, lexicon.path, lexicon.rule) == ("custom", "user", None, Rule())
    assert [
        (category.name, [entry.text for entry in category.entries]) for category in lexicon.categories
    ] == [
        ("waitlike", ["wait", "hold  on"]),
        ("x y", ["verif*", "=a"]),
    ]


def test_one_option_is_a_list_of_one() -> None:
    assert definition.from_option("a=b") == from_options(["a=b"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["wait"], "--category 'wait': write NAME=ENTRY,ENTRY, for instance waitlike=wait,hold on"),
        (["=wait"], "--category '=wait': write NAME=ENTRY,ENTRY, for instance waitlike=wait,hold on"),
        (["a= "], "--category 'a= ': category 'a' has no entries; add some or remove it"),
        (["a=b,,c"], "--category 'a=b,,c': category 'a': entry '' is empty; remove it"),
        (
            ["a=b,B"],
            (
                "--category 'a=b,B': category 'a': entry 'B' is there already as 'b', "
                "which matches the same text (--category 'a=b,B'); remove one"
            ),
        ),
        (
            ["a=b", "a=c"],
            (
                "--category 'a=c': category 'a' is there already (--category 'a=b'); "
                "put all its entries into one option"
            ),
        ),
        ([], "--category: the lexicon has no category; add at least one"),
    ],
)
def test_mistakes_in_options(options: list[str], expected: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(expected) + r"\Z"):
        from_options(options)


WORD = st.from_regex(r"[a-zé][a-zé0-9]{0,5}", fullmatch=True)
PHRASE = st.builds(
    lambda words, star: " ".join(words) + star,
    st.lists(WORD, min_size=1, max_size=3),
    st.sampled_from(["", "*"]),
)
CONTENT = st.dictionaries(WORD, st.lists(PHRASE, min_size=1, max_size=4, unique=True), min_size=1, max_size=4)


@given(CONTENT)
def test_options_round_trip(content: dict[str, list[str]]) -> None:
    lexicon = from_options([f"{name}={','.join(entries)}" for name, entries in content.items()])
    assert {
        category.name: [entry.text for entry in category.entries] for category in lexicon.categories
    } == content


# -- digest ------------------------------------------------------------------------------------------------

PROSE = [
    ('title = "My words"', 'title = "Our words"'),
    ('version = "3"', 'version = "4"'),
    ('source = "me"', 'source = "you"'),
    ('notes = "none"', "# a comment"),
    ('name = "mine"', 'name = "ours"\nstatus = "published"'),
    ('title = "Waiting"\n', ""),
    (", attested = true", ""),
    ('    "wait",\n', "\n  'wait'  ,  # why\n"),
    ('case = "sensitive"', 'case = "sensitive"\nunit = "presence"\ndenominator = "response"'),
    ('case = "sensitive"', 'match = "word"\ncase = "sensitive"\nlatex = "skip"'),
    ('{ ORTH = ",", OP = "?" }', '{ OP = "?", ORTH = "," }'),
]
CONTENT_EDITS = [
    ('"wait"', '"Wait"'),
    ('    "wait",\n', ""),
    ('"verif*"', '"verify"'),
    ("category.waiting", "category.waitlike"),
    ('case = "sensitive"', 'case = "insensitive"'),
    ('case = "sensitive"', 'case = "sensitive"\nlatex = "count"'),
    ('name = "so,"', 'name = "so"'),
    ('LOWER = "so"', 'LOWER = "thus"'),
    ('OP = "?"', 'OP = "*"'),
]


@pytest.mark.parametrize(("old", "new"), PROSE)
def test_prose_and_form_keep_the_digest(tmp_path: Path, old: str, new: str) -> None:
    assert old in GOOD
    changed = load(write(tmp_path, GOOD.replace(old, new), "changed.toml"))
    assert changed.digest == load(write(tmp_path, GOOD)).digest


@pytest.mark.parametrize(("old", "new"), CONTENT_EDITS)
def test_what_changes_counts_moves_the_digest(tmp_path: Path, old: str, new: str) -> None:
    assert old in GOOD
    changed = load(write(tmp_path, GOOD.replace(old, new), "changed.toml"))
    assert changed.digest != load(write(tmp_path, GOOD)).digest
