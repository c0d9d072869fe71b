"""Text of a trace as HTML: escaped, with marks, and with what is invisible or turns lines made visible."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from markupsafe import Markup, escape

__all__ = ["in_attribute", "in_markdown", "marked", "shown"]

# Controls but tab and line feed; bidirectional overrides, isolates and marks; zero-width characters
_MARKDOWN = re.compile(r"[\\`*_\[\]|~#]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)


class Stretch(Protocol):
    """What `marked` needs of a piece of text."""

    @property
    def text(self) -> str: ...
    @property
    def layers(self) -> tuple[int, ...]: ...
    @property
    def note(self) -> str: ...
    @property
    def first(self) -> bool: ...


def shown(text: str | None) -> Markup:
    """Return `text` for a page; characters that hide or turn text are named in its place.

    Examples
    --------
    >>> str(shown("<b>\\u202e"))
    '&lt;b&gt;<span class="hidden">U+202E</span>'
    """
    text = "" if text is None else str(text)
    if _HIDDEN.search(text) is None:  # nearly always
        return escape(text)
    found, end = [], 0
    for match in _HIDDEN.finditer(text):
        found += [escape(text[end : match.start()]), _named(match.group())]
        end = match.end()
    return Markup("").join([*found, escape(text[end:])])


def _named(char: str) -> Markup:
    return Markup('<span class="hidden">U+{:04X}</span>').format(ord(char))


def in_attribute(text: object) -> str:
    """Return `text` for a tooltip or title, where no HTML can be: named characters, nothing escaped."""
    return _HIDDEN.sub(lambda m: f"U+{ord(m.group()):04X}", str(text))


def in_markdown(text: object) -> str:
    """Return `text` as one line of Markdown that means itself; HTML is left to the template to escape.

    Examples
    --------
    >>> in_markdown("[x](y)\\n\\x1b")
    '\\\\[x\\\\](y) U+001B'
    """
    return _MARKDOWN.sub(lambda m: "\\" + m.group(), in_attribute(" ".join(str(text).split())))


def marked(pieces: Iterable[Stretch]) -> Markup:
    """Return pieces as HTML, each with layers in a ``mark`` whose classes name them."""
    found = []
    for piece in pieces:
        text = shown(piece.text)
        if not piece.layers:
            found.append(text)
            continue
        names = " ".join(f"l{layer}" for layer in piece.layers) + (" first" if piece.first else "")
        found.append(
            Markup('<mark class="{}" title="{}">{}</mark>').format(names, in_attribute(piece.note), text)
        )
    return Markup("").join(found)
