"""What a ban covers with one tokenizer, and what else it takes: before anything runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from reasonlens.bans.ban import MODES, Ban, vocabulary_of
from reasonlens.bans.compiled import compiled
from reasonlens.bans.spellings import Spellings
from reasonlens.bans.static import containing, exactly, plain
from reasonlens.bans.tables import Tables
from reasonlens.bans.vocabulary import Vocabulary
from reasonlens.core.errors import InputError

__all__ = ["Explanation", "Mode", "Word", "encoder_of", "explain"]

Encode = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True)
class Word:
    """A banned word with one tokenizer.

    Attributes
    ----------
    word
        The entry.
    always
        Tokens that no text can have: they are the word, or have it within them, wherever they stand.
    at_start
        Tokens that are forbidden only where a word can start.
    spellings
        In how many ways tokens can spell the word, in any case and with or without a space before.
    examples
        Some spellings, the shortest first, as the texts of their tokens.
    lost
        Other words that have this one in them and that the tokenizer splits so that a forbidden
        token comes up: they can no longer be written in the usual way. Taken from the vocabulary.
    kept
        Other words that have this one in them and stay possible.
    """

    word: str
    always: tuple[int, ...]
    at_start: tuple[int, ...]
    spellings: int
    examples: tuple[tuple[str, ...], ...]
    lost: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mode:
    """One mode of the ban, all words together: tokens, spellings that are left, other words that are lost."""

    mode: str
    n_tokens: int
    n_left: int
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a ban covers, and each mode beside it.

    ``tables`` has the size of what is compiled: states, bytes, and the longest list of forbidden tokens.
    """

    ban: Ban
    tokenizer: str
    n_tokens: int
    words: tuple[Word, ...]
    modes: tuple[Mode, ...]
    tables: dict[str, int]

    @property
    def spellings(self) -> int:
        """Number of spellings of all words."""
        return sum(word.spellings for word in self.words)


def explain(ban: Ban, tokenizer: Any) -> Explanation:
    """Say what a ban covers with a tokenizer.

    Parameters
    ----------
    ban
        The ban; its words are shown under every mode.
    tokenizer
        A fast tokenizer of transformers, a ``tokenizers.Tokenizer``, or the path of one.

    Raises
    ------
    InputError
        If the tokenizer cannot be read.
    """
    vocabulary = vocabulary_of(tokenizer)
    if vocabulary is None:
        raise InputError("what a ban covers depends on the tokenizer: give a path or a loaded tokenizer")
    encode = encoder_of(tokenizer)
    found = Spellings(vocabulary, ban.words)
    others = _others(ban.words, vocabulary)
    words = tuple(_word(ban, word, vocabulary, found, others[word], encode) for word in ban.words)
    every = sorted({other for several in others.values() for other in several})
    modes = _modes(ban, vocabulary, found, every, encode)
    tables = compiled(_sound(ban, ban.words), vocabulary).tables
    longest = int(np.diff(tables.starts).max())
    sizes = {"states": tables.n_states, "bytes": tables.n_bytes, "longest_list": longest}
    return Explanation(ban, vocabulary.name, len(vocabulary), words, modes, sizes)


def encoder_of(tokenizer: Any) -> Encode:
    """Return what turns a text into the tokens that a model would be given."""
    if hasattr(tokenizer, "backend_tokenizer"):
        tokenizer = tokenizer.backend_tokenizer
    if isinstance(tokenizer, str | os.PathLike):
        from tokenizers import Tokenizer

        path = Path(tokenizer)
        tokenizer = Tokenizer.from_file(str(path / "tokenizer.json" if path.is_dir() else path))
    return lambda text: list(tokenizer.encode(text, add_special_tokens=False).ids)


def _sound(ban: Ban, words: Sequence[str]) -> Ban:
    return Ban(words, match=ban.match, latex=ban.latex)


def _others(words: Sequence[str], vocabulary: Vocabulary) -> dict[str, list[str]]:
    """Return the words of the vocabulary that have a banned word in them and are others."""
    texts = {token.decode("utf-8", "replace").strip().lower() for token in vocabulary.tokens}
    known = sorted(text for text in texts if text.isalpha())
    found = {}
    for word in words:
        wanted = plain(word).lower()
        found[word] = [text for text in known if wanted in text and text != wanted]
    return found


def _word(
    ban: Ban, word: str, vocabulary: Vocabulary, found: Spellings, others: list[str], encode: Encode
) -> Word:
    tables = compiled(_sound(ban, [word]), vocabulary).tables
    at_start = set(tables.forbidden(tables.start()).tolist())
    inside = next((i for i, token in enumerate(vocabulary.tokens) if token == b"x"), None)
    within = set() if inside is None else set(tables.forbidden(tables.next(tables.start(), inside)).tolist())
    always = at_start & within
    lost = [other for other in others if not _passes(tables, encode(" " + other))]
    texts = vocabulary.tokens
    examples = tuple(tuple(texts[i].decode("utf-8", "replace") for i in ids) for ids in found.shortest(word))
    kept = tuple(sorted(set(others) - set(lost)))
    start_only = tuple(sorted(at_start - always))
    return Word(word, tuple(sorted(always)), start_only, found.count(word), examples, tuple(lost), kept)


def _passes(tables: Tables, ids: list[int]) -> bool:
    """Tell whether these tokens can be written one after the other."""
    state = tables.start()
    for token in ids:
        if token in tables.forbidden(state):
            return False
        state = tables.next(state, token)
    return True


def _modes(
    ban: Ban, vocabulary: Vocabulary, found: Spellings, others: list[str], encode: Encode
) -> tuple[Mode, ...]:
    encoded = {other: encode(" " + other) for other in others}
    rows = []
    for name in MODES:
        if name in ("complete", "boundary"):
            tables = compiled(replace(_sound(ban, ban.words), name=name, mode=name), vocabulary).tables
            lost = tuple(other for other, ids in encoded.items() if not _passes(tables, ids))
            rows.append(Mode(name, len(tables.forbidden(tables.start())), 0, lost))
        elif name == "bad_words":
            rows.append(_bad_words(ban, found, encoded, encode))
        else:
            ids = (
                containing(ban.words, vocabulary, ban.spare)
                if name == "ids"
                else exactly(ban.words, vocabulary)
            )
            banned = frozenset(ids)
            left = sum(found.count(word, banned) for word in ban.words)
            rows.append(
                Mode(name, len(ids), left, tuple(o for o, used in encoded.items() if banned & set(used)))
            )
    return tuple(rows)


def _bad_words(ban: Ban, found: Spellings, encoded: dict[str, list[int]], encode: Encode) -> Mode:
    """Return what vLLM's own list does: it forbids one tokenization of a text, and one with a space.

    That with a space only if it is as long and starts with another token.
    """
    sequences: set[tuple[int, ...]] = set()
    for text in ban.bind().bad_words():
        plainly, spaced = tuple(encode(text)), tuple(encode(" " + text))
        sequences.add(plainly)
        if len(plainly) == len(spaced) and plainly[:1] != spaced[:1]:
            sequences.add(spaced)
    lost = tuple(other for other, ids in encoded.items() if any(_has(ids, part) for part in sequences))
    single = sum(len(part) == 1 for part in sequences)
    total = sum(found.count(word) for word in ban.words)
    return Mode("bad_words", single, total - len(sequences), lost)


def _has(ids: Sequence[int], part: Sequence[int]) -> bool:
    return any(tuple(ids[at : at + len(part)]) == tuple(part) for at in range(len(ids) - len(part) + 1))
