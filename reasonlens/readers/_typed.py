"""Parts of decoded JSON where any key may be missing or hold anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["filled", "list_of", "mapping_of", "scalars_of", "text_of"]


def text_of(value: Any) -> str | None:
    """Return a string as it is and a finite number as written; anything else is no text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value) if isinstance(value, int) or math.isfinite(value) else None  # an int may be too big


def filled(*values: Any) -> str | None:
    """Return the first of `values` that is a text and not blank.

    Examples
    --------
    >>> filled(None, " ", {"a": 1}, 27.0)
    '27.0'
    """
    texts = (text_of(value) for value in values)
    return next((text for text in texts if text and not text.isspace()), None)


def mapping_of(value: Any) -> Mapping[str, Any]:
    """Return an object as it is and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """Return a list as it is and an empty one for anything else."""
    return value if isinstance(value, list) else []


def scalars_of(value: Any, names: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """Return the entries of an object that are one finite number, text or truth value, if any.

    With `names`, only these keys are kept.
    """
    kept = {
        str(key): item
        for key, item in mapping_of(value).items()
        if (not names or key in names) and (isinstance(item, bool) or text_of(item) is not None)
    }
    return kept or None
