"""Phrases and openers by the rule's own words, one character at a time: slow and simple."""

from __future__ import annotations

from collections import Counter

from reasonlens.text.words import NUMBER, SPACE, SPACELESS, UNDERSCORE
from tests.oracles.words_oracle import kind, lower, tokens

__all__ = ["phrases"]


def is_space(char: str) -> bool:
    return kind(char) == SPACE


def word_at(text: str, start: int, end: int, is_word: bool) -> str | None:
    """The term word at this place, or nothing."""
    raw = text[start:end]
    if not is_word or any(kind(c) in (NUMBER, UNDERSCORE) for c in raw):
        return None
    if len(raw) == 1 and raw not in "aI" and kind(raw) != SPACELESS:
        number = ord(raw)
        if number < 0x400 or 0x2100 <= number < 0x2150 or 0x1D400 <= number < 0x1D800:
            return None
    if start > 0 and text[start - 1] in "<|/" and end < len(text) and text[end] in ">|":
        return None
    return lower(raw)


def link(between: str) -> str | None:
    """What joins two words, or nothing."""
    if between == "":
        return ""
    if between == "-":
        return "-"
    rest, joined = (between[1:], ", ") if between[0] == "," else (between, " ")
    if not rest or not all(is_space(c) for c in rest) or rest.count("\n") > 1:
        return None
    return joined


def opens(between: str, first: bool) -> bool:
    """Whether a token after this is the first of a sentence."""
    if first or "\n" in between or any(c in "。！？" for c in between):
        return True
    return any(c in ".!?…" and any(is_space(d) for d in between[i:]) for i, c in enumerate(between))


def phrases(text: str, longest: int = 3) -> tuple[Counter[str], Counter[str], int]:
    """Count the phrases, the openers, and the sentences that open with a word."""
    found, opening, sentences = Counter(), Counter(), 0
    run: list[str] = []  # words and links up to here, from the last gap on
    starts: list[bool] = []
    before = 0
    for number, (start, end, lettered, command) in enumerate(tokens(text)):
        between = text[before:start]
        before = end
        word = word_at(text, start, end, lettered and not command)
        if word is None:
            run, starts = [], []
            continue
        joined = link(between) if run else None
        if joined is None:
            run, starts = [], []
        run = [*run, word] if not run else [*run, joined, word]
        starts.append(opens(between, number == 0))
        sentences += starts[-1]
        for size in range(1, min(longest, len(starts)) + 1):
            phrase = "".join(run[-(2 * size - 1) :])
            found[phrase] += 1
            opening[phrase] += starts[-size]
    return found, +opening, sentences
