"""Placebo words: what a model can write and never does, so that banning it must change nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from reasonlens.bans.controls import COMMANDS
from reasonlens.core.errors import StatisticsError

if TYPE_CHECKING:
    from reasonlens.bans.vocabulary import Vocabulary

__all__ = ["placebo", "vocabulary_words"]

_WORD = re.compile(r"[^\W\d_]{2,}\Z")


def vocabulary_words(vocabulary: Vocabulary) -> list[str]:
    """Return the words that a vocabulary has as one token each: lower-case letters after a space."""
    texts = (token.decode("utf-8", "replace") for token in vocabulary.tokens)
    words = {text[1:] for text in texts if text.startswith(" ") and _WORD.match(text[1:])}
    return sorted(word for word in words if word.isascii() and word.islower())


def placebo(
    candidates: Sequence[str], used: Collection[str], n: int, *, exclude: Collection[str] = (), seed: int = 0
) -> tuple[str, ...]:
    """Return `n` words that the baseline never uses: banning them must change nothing.

    Parameters
    ----------
    candidates
        Words that the model can write, for instance `vocabulary_words`.
    used
        The words of the baseline, in any case.
    exclude
        Words that are no placebo.

    Raises
    ------
    StatisticsError
        If there are too few.
    """
    taken = {word.lower() for word in (*used, *exclude)} | COMMANDS
    free = sorted({word for word in candidates if len(word) >= 4 and word.lower() not in taken})
    if len(free) < n:
        raise StatisticsError(f"only {len(free)} words are never used in the baseline, {n} were asked for")
    dice = np.random.default_rng(seed)
    return tuple(sorted(free[i] for i in dice.choice(len(free), n, replace=False)))
