"""Messages name what is wrong and what to do next."""

from __future__ import annotations

from reasonlens.core import errors


def test_every_error_is_a_reasonlens_error() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.ReasonlensError)


def test_unknown_name_lists_what_is_known_and_the_nearest() -> None:
    error = errors.UnknownNameError("lexicon", "nowat", ["orz", "nowait"])
    assert str(error) == "no lexicon is named 'nowat'. Did you mean 'nowait'? Known: nowait, orz."
    assert str(errors.UnknownNameError("format", "x", [])) == "no format is named 'x'. Known: none."


def test_missing_extra_gives_the_install_line() -> None:
    error = errors.MissingExtraError("spacy", "spacy", "a lexicon with patterns")
    assert str(error) == "a lexicon with patterns needs the package 'spacy': pip install 'reasonlens[spacy]'"
