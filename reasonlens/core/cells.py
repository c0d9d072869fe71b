"""Texts of a trace where more is read into a text than its letters: terminals, figures, spreadsheets."""

from __future__ import annotations

import re

__all__ = ["inert", "plain"]

# C0, DEL, C1, bidirectional overrides and isolates, zero-width joiners, byte order mark
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

# What a spreadsheet may take for a formula, in ASCII and in the wide forms of East Asian input
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]\d+(\.\d+)?")


def plain(text: str, *, lines: bool = False) -> str:
    """Return `text` with control characters as ``\\xNN`` escapes; `lines` keeps line feeds and tabs.

    Examples
    --------
    >>> plain("a\\x1b[31m")
    'a\\\\x1b[31m'
    """

    def visible(match: re.Match[str]) -> str:
        char = match.group()
        if lines and char in "\n\t":
            return char
        return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"

    return _CONTROL.sub(visible, text)


def inert(value: object) -> object:
    """Return a cell of a CSV file: a text that a spreadsheet would run gets a leading apostrophe.

    After OWASP, "CSV Injection". Numbers stay numbers, also those that come as text.

    Examples
    --------
    >>> inert("=1+1"), inert("-5"), inert(-5)
    ("'=1+1", '-5', -5)
    """
    if not isinstance(value, str) or not value.startswith(_FORMULA) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"
