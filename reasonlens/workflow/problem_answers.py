"""The gold answer of a problem, out of whatever a column holds."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Sequence

from reasonlens.text.answers import last_box

__all__ = ["LETTERS", "answer_of", "choices_of"]

LETTERS = "ABCDEFGHIJ"
"""What options of a choice are called, in order."""

_FINAL = re.compile(r"####\s*(.+?)\s*\Z")  # how GSM8K marks the answer in its solution


def choices_of(
    identity: str, gold: str | None, wrong: Sequence[str | None]
) -> tuple[tuple[str, ...], str | None]:
    """Return the options in an order that depends on the problem alone, and the letter of the right one."""
    others = [option for option in wrong if option]
    if gold is None or not others:
        return (), gold
    options = [gold.strip(), *(option.strip() for option in others)]
    random.Random(identity).shuffle(options)
    return tuple(options), LETTERS[options.index(gold.strip())]


def answer_of(gold: str | None) -> str | None:
    """Return the answer itself where a column holds a list of one, or a whole solution."""
    if gold is None:
        return None
    if gold.startswith("["):
        try:
            listed = ast.literal_eval(gold)
        except (ValueError, SyntaxError):
            listed = None
        if isinstance(listed, list) and listed and all(isinstance(each, str) for each in listed):
            return ", ".join(listed)
    final = _FINAL.search(gold)
    if final:
        return final.group(1)
    return last_box(gold) or gold
