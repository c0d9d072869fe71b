"""Which words a ban has, from words and lexicon categories, and what it covers with a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reasonlens.bans.ban import MODES, Ban
from reasonlens.bans.explain import Explanation, explain
from reasonlens.bans.vocabulary import Vocabulary
from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.lexicon import definition
from reasonlens.lexicon.model import Lexicon

__all__ = ["Explained", "ban_explain", "ban_of", "words_of"]

_SHOWN = 8  # words, tokens or spellings in one cell of a table
_MATCHES = ("word", "substring")


@dataclass(frozen=True, slots=True)
class Explained:
    """What a ban covers, as tables to print.

    Attributes
    ----------
    explanation
        All of it.
    words
        One row per banned word: ``word always at_start spellings example lost kept``; token texts and
        words, the first few of each.
    tokens
        Every token that is forbidden outright: ``word token text where``.
    modes
        One row per mode: ``mode tokens spellings left n_lost lost``.
    """

    explanation: Explanation
    words: pd.DataFrame
    tokens: pd.DataFrame
    modes: pd.DataFrame


def words_of(lexicon: str | Lexicon, category: str | None = None) -> tuple[list[str], str]:
    """Return the entries of a lexicon, or of one of its categories, and how they match.

    Raises
    ------
    UnknownNameError
        If there is no such lexicon or category.
    InputError
        If the lexicon matches by regular expressions or by segments, which cannot be banned.
    """
    found = definition.load(lexicon) if isinstance(lexicon, str) else lexicon
    if found.rule.match not in _MATCHES:
        raise InputError(
            f"the lexicon {found.name} matches by {found.rule.match}, which cannot be banned; "
            "name the words, for instance --ban wait,however"
        )
    chosen = [c for c in found.categories if category in (None, c.name)]
    if not chosen:
        raise UnknownNameError("category", str(category), [c.name for c in found.categories])
    words = [entry.text for c in chosen for entry in c.entries]
    if not words:
        raise InputError(f"the category {category} of {found.name} has patterns only, which cannot be banned")
    return list(dict.fromkeys(words)), found.rule.match


def ban_of(words: Sequence[str] = (), categories: Sequence[str] = (), **options: Any) -> Ban:
    """Return the ban of words and of categories.

    Parameters
    ----------
    words
        Words and phrases.
    categories
        ``LEXICON`` or ``LEXICON:CATEGORY``, for instance ``"flexible_reasoning:anthropomorphic"``.
    options
        As for `reasonlens.bans.Ban`.

    Raises
    ------
    UnknownNameError
        If there is no such lexicon or category.
    InputError
        If the words of one lexicon are whole and those of another are not.
    """
    found = list(words)
    matches = {"word"} if words else set()
    for name in categories:
        lexicon, _, category = name.partition(":")
        entries, match = words_of(lexicon, category or None)
        found += entries
        matches.add(match)
    if "match" not in options and len(matches) > 1:
        raise InputError(
            "whole words and substrings cannot be one ban; choose match='word' or match='substring' for all"
        )
    return Ban(found, **{"match": next(iter(matches), "word"), **options})


def ban_explain(ban: Ban, tokenizer: Any) -> Explained:
    """Say what a ban covers with a tokenizer, before anything runs.

    Parameters
    ----------
    ban
        The ban.
    tokenizer
        A folder with a ``tokenizer.json``, that file, or a loaded fast tokenizer.

    Raises
    ------
    InputError
        If the tokenizer cannot be read.
    """
    from reasonlens.bans.ban import vocabulary_of

    vocabulary = vocabulary_of(tokenizer)
    assert vocabulary is not None
    found = explain(ban, tokenizer)
    return Explained(found, _words(found), _tokens(found, vocabulary), _modes(found))


def _text(vocabulary: Vocabulary, token: int) -> str:
    return repr(vocabulary.tokens[token].decode("utf-8", "replace"))[1:-1]


def _some(texts: Sequence[str], separator: str = " ") -> str:
    more = f"{separator}... {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return separator.join(texts[:_SHOWN]) + more


def _words(found: Explanation) -> pd.DataFrame:
    rows = [
        {
            "word": word.word,
            "always": len(word.always),
            "at_start": len(word.at_start),
            "spellings": word.spellings,
            "example": "|".join(word.examples[-1]) if word.examples else "",
            "n_lost": len(word.lost),
            "lost": _some(word.lost),
            "n_kept": len(word.kept),
            "kept": _some(word.kept),
        }
        for word in found.words
    ]
    return pd.DataFrame(rows)


def _tokens(found: Explanation, vocabulary: Vocabulary) -> pd.DataFrame:
    rows = [
        (word.word, token, _text(vocabulary, token), where)
        for word in found.words
        for where, tokens in (("anywhere", word.always), ("at the start of a word", word.at_start))
        for token in tokens
    ]
    return pd.DataFrame(rows, columns=["word", "token", "text", "where"])


def _modes(found: Explanation) -> pd.DataFrame:
    total = found.spellings
    rows = [
        {
            "mode": mode.mode,
            "tokens": mode.n_tokens,
            "spellings": total,
            "left": mode.n_left,
            "n_lost": len(mode.lost),
            "lost": _some(mode.lost),
            "what": MODES[mode.mode],
        }
        for mode in found.modes
    ]
    return pd.DataFrame(rows)
