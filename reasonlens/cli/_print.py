"""Text for the terminal: a trace is hostile input, so control characters are made visible."""

from __future__ import annotations

import re

__all__ = ["plain"]

# C0, DEL, C1, bidirectional overrides and isolates, zero-width joiners, byte order mark
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def plain(text: str, *, lines: bool = False) -> str:
    """Return `text` with control characters as ``\\xNN`` escapes; `lines` keeps line feeds and tabs."""

    def visible(match: re.Match[str]) -> str:
        char = match.group()
        if lines and char in "\n\t":
            return char
        return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"

    return _CONTROL.sub(visible, text)
