"""Codebooks from files: what is read, and what is said of mistakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reasonlens.core.errors import DefinitionError, InputError, UnknownNameError
from reasonlens.judges import load_codebook, load_codebooks, sentences_of, units_of

Write = Callable[..., Path]

GOOD = """\
name = "hedging"
version = "1"
definition = "The writer hedges."

[[example]]
text = "It may be 5."
verdict = "present"
why = "may"
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str, name: str = "mine.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return written


def test_a_file_of_ones_own_needs_little(write: Write) -> None:
    found = load_codebook(write(GOOD))
    assert (found.name, found.title, found.status, found.unit) == ("hedging", "hedging", "user", "trace")
    assert found.examples[0].why == "may"
    assert not found.examples[0].borderline


def test_the_digest_is_that_of_what_a_judge_is_told(write: Write) -> None:
    found = load_codebook(write(GOOD))
    assert replace(found, source="elsewhere", notes="n", path="p").digest == found.digest
    for change in ({"definition": "x"}, {"include": ("x",)}, {"version": "2"}, {"examples": ()}):
        assert replace(found, **change).digest != found.digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "x"\nversion = 1\ndefinition = "d"', r'mine.toml:2: version must be a text.*version = "1"'),
        ('name = "x"\ndefinition = "d"', r'mine.toml: the key "version" is missing; add version = "1"'),
        ('version = "1"', r'mine.toml: the key "definition" is missing'),
        (GOOD.replace("name =", "nmae ="), r"mine.toml:1: unknown key 'nmae'; did you mean 'name'"),
        (GOOD.replace('"hedging"', '"Hed ging"'), r"mine.toml:1: name 'Hed ging' is no identifier"),
        (GOOD.replace('"present"', '"yes"'), r"mine.toml:5: example 1 has verdict = 'yes'; write present or"),
        (GOOD + 'other = "x"\n', r"mine.toml:5: example 1 has the unknown key 'other'"),
        (GOOD.replace('why = "may"\n', ""), r"mine.toml:5: example 1 needs why, a text in quotes"),
        (GOOD + "borderline = 1\n", r"mine.toml:5: example 1: borderline must be true or false"),
        ('unit = "word"\n' + GOOD, r"mine.toml:1: unit = 'word' is unknown; known are trace, sentence"),
        ("include = 3\n" + GOOD, r"mine.toml:1: include must be a list of texts"),
        ("example = 3\n" + GOOD.split("\n\n")[0], r"mine.toml:1: example must be a list of tables"),
        ('definition = ""\nversion = "1"', r"mine.toml:1: definition is empty"),
        ("name = \n", r"mine.toml:1: not valid TOML: .*docs/behaviors.md"),
    ],
)
def test_a_mistake_is_named_with_its_line(write: Write, text: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        load_codebook(write(text))


def test_what_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'verification'"):
        load_codebook("verificaton")
    with pytest.raises(InputError, match="cannot be read"):
        load_codebook(tmp_path / "none.toml")
    with pytest.raises(InputError, match=r"ends in \.toml"):
        load_codebook("rules.yaml")


def test_bytes_that_are_not_utf8_are_said_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'version = "1"\ntitle = "caf\xe9"\n')
    with pytest.raises(DefinitionError, match=r"mine.toml:2: not UTF-8"):
        load_codebook(path)


def test_two_of_one_name_are_refused(write: Write) -> None:
    with pytest.raises(InputError, match="two of the codebooks are named 'verification'"):
        load_codebooks(["verification", write(GOOD.replace("hedging", "verification"))])


def test_units_are_the_text_or_its_sentences() -> None:
    text = " One two. Three!\n\nFour"
    assert [text[a:b] for a, b in sentences_of(text)] == ["One two.", "Three!", "Four"]
    assert units_of(text, load_codebook("verification")) == [(0, len(text))]
    assert units_of(text, load_codebook("self_checking")) == sentences_of(text)
    assert units_of(text, load_codebook("self_checking"), [(1, 4)]) == [(1, 4)]
