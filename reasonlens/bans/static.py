"""The weaker modes: fixed sets of tokens, whatever stands before them."""

from __future__ import annotations

from collections.abc import Sequence

from reasonlens.bans.vocabulary import Vocabulary

__all__ = ["containing", "exactly", "plain"]


def plain(word: str) -> str:
    """Return an entry without its marks of prefixes."""
    return word.replace("*", "")


def containing(words: Sequence[str], vocabulary: Vocabulary, spare: Sequence[str] = ()) -> list[int]:
    """Return every token whose text has one of `words` in it, in any case.

    NoWait (arXiv 2506.08343) expands its keywords like this and takes false positives out by hand:
    `spare` has the words whose tokens are left alone.

    Examples
    --------
    >>> vocabulary = Vocabulary((b" Wait", b"await", b"wa", b"it"), {})
    >>> containing(["wait"], vocabulary), containing(["wait"], vocabulary, ["await"])
    ([0, 1], [0])
    """
    wanted = [plain(word).lower() for word in words]
    spared = {word.lower() for word in spare}
    return [
        number
        for number, text in enumerate(_texts(vocabulary))
        if any(word in text for word in wanted) and text.strip() not in spared
    ]


def exactly(words: Sequence[str], vocabulary: Vocabulary) -> list[int]:
    """Return every token that is one of `words` and nothing else but white space before it, in any case.

    Examples
    --------
    >>> exactly(["wait"], Vocabulary((b" Wait", b"await", b"wait", b"wait,"), {}))
    [0, 2]
    """
    wanted = {plain(word).lower() for word in words}
    return [number for number, text in enumerate(_texts(vocabulary)) if text.lstrip() in wanted]


def _texts(vocabulary: Vocabulary) -> list[str]:
    return [token.decode("utf-8", "replace").lower() for token in vocabulary.tokens]
