"""What was changed in a text, so that it can be said and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reasonlens.core.errors import InputError

__all__ = ["Control", "Edit", "Span", "applied", "undo"]

Span = tuple[int, int]
"""Half-open places of characters."""


@dataclass(frozen=True, slots=True)
class Edit:
    """``original[start:end]`` was `old` and became `new`."""

    start: int
    end: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Control:
    """A changed text and what was changed.

    Attributes
    ----------
    edits
        In the order of the original text, without overlap (inject, strip).
    order, lengths, glued
        Sentence ``order[i]`` stands at place `i`; the length of each sentence and of the white
        space after it; places after which a space was put (shuffle).
    kept
        Markers that were left as they were (strip).
    """

    kind: str
    text: str
    edits: tuple[Edit, ...] = ()
    order: tuple[int, ...] = ()
    lengths: tuple[Span, ...] = ()
    glued: tuple[int, ...] = ()
    kept: tuple[Span, ...] = ()

    def provenance(self) -> dict[str, Any]:
        """Return what was changed as a JSON object."""
        if self.kind == "shuffle":
            return {
                "order": list(self.order),
                "lengths": list(map(list, self.lengths)),
                "glued": list(self.glued),
            }
        return {
            "edits": [[e.start, e.end, e.old, e.new] for e in self.edits],
            "kept": list(map(list, self.kept)),
        }


def undo(control: Control) -> str:
    """Return the original text of a control.

    Examples
    --------
    >>> undo(applied("strip", "Wait, no.", [Edit(0, 7, "Wait, n", "N")], []))
    'Wait, no.'
    """
    if control.kind == "shuffle":
        return _unshuffled(control)
    pieces, at, shift = [], 0, 0
    for edit in control.edits:
        start = edit.start + shift
        if control.text[start : start + len(edit.new)] != edit.new:
            raise InputError(f"the {control.kind} control does not fit its record at character {start}")
        pieces += [control.text[at:start], edit.old]
        at = start + len(edit.new)
        shift += len(edit.new) - len(edit.old)
    return "".join([*pieces, control.text[at:]])


def applied(kind: str, text: str, edits: list[Edit], kept: list[Span]) -> Control:
    """Make `edits` (in order, without overlap) in `text`."""
    pieces, at = [], 0
    for edit in edits:
        pieces += [text[at : edit.start], edit.new]
        at = edit.end
    return Control(kind, "".join([*pieces, text[at:]]), tuple(edits), kept=tuple(kept))


def _unshuffled(control: Control) -> str:
    contents: dict[int, str] = {}
    spaces, at = [], 0
    for place, i in enumerate(control.order):
        size, space = control.lengths[i][0], control.lengths[place][1]
        contents[i] = control.text[at : at + size]
        spaces.append(control.text[at + size : at + size + space])
        at += size + space + (place in control.glued)
    return "".join(contents[i] + space for i, space in enumerate(spaces))
