"""Messages name what is wrong and what to do next."""

from __future__ import annotations

from reasonlens.core import errors


def test_every_error_is_a_reasonlens_error() -> None:
    classes = [name for name in errors.__all__ if name != "first_line"]
    for name in classes:
        assert issubclass(getattr(errors, name), errors.ReasonlensError)


def test_the_first_line_of_a_message_or_the_class() -> None:
    assert errors.first_line(ValueError("\nno such file.\nSee the manual.")) == "no such file"
    assert errors.first_line(KeyError()) == "KeyError"


def test_unknown_name_lists_what_is_known_and_the_nearest() -> None:
    error = errors.UnknownNameError("lexicon", "nowat", ["orz", "nowait"])
    assert str(error) == "no lexicon is named 'nowat'. Did you mean 'nowait'? Known: nowait, orz."
    assert str(errors.UnknownNameError("format", "x", [])) == "no format is named 'x'. Known: none."


def test_missing_extra_gives_the_install_line() -> None:
    error = errors.MissingExtraError("spacy", "spacy", "a lexicon with patterns")
    assert str(error) == "a lexicon with patterns needs the package 'spacy': pip install 'reasonlens[spacy]'"
