"""Values of a row as the fields of a `Record` want them; what does not fit becomes ``None``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from reasonlens.text.problems import statement_from_prompt

__all__ = ["at", "chat_text", "content_text", "last_user", "number", "statement", "text", "truth"]

_TRUE = {"true", "1", "1.0", "yes", "correct", "c", "right", "passed"}
_FALSE = {"false", "0", "0.0", "no", "incorrect", "i", "wrong", "failed"}


def text(value: Any) -> str | None:
    """Return a value as text: strings as they are, numbers written out, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (bool, int, float)):
        return str(value)
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError, TypeError):
        return None


def truth(value: Any) -> bool | None:
    """Return whether a score says right (1, true, "correct") or wrong (0, ...); else ``None``.

    Examples
    --------
    >>> truth(1.0), truth("incorrect"), truth(0.5)
    (True, False, None)
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return bool(value) if value in (0, 1) else None
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def number(value: Any) -> int | None:
    """Return a count or index as an integer (``"3"`` and ``3.0`` are 3), else ``None``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 19:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and 0 <= value < 2**31 else None


def at(data: Any, path: str) -> Any:
    """Return what a column name, or a dotted path into nested objects and lists, leads to.

    Examples
    --------
    >>> at({"choices": [{"text": "Hm."}]}, "choices.0.text")
    'Hm.'
    """
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for step in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data


def content_text(content: Any) -> str | None:
    """Return the text of a chat message's content: a string, or a list of typed parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = [part if isinstance(part, str) else _part_text(part) for part in content]
    found = [piece for piece in texts if piece is not None]
    return "\n".join(found) if found else None


def _part_text(part: Any) -> str | None:
    if isinstance(part, Mapping) and part.get("type", "text") in ("text", "output_text"):
        value = part.get("text")
        return value if isinstance(value, str) else None
    return None


def _turns(messages: Any) -> list[tuple[str, str]]:
    if not isinstance(messages, list):
        return []
    found = []
    for message in messages:
        if isinstance(message, Mapping):
            said = content_text(message.get("content", message.get("value")))
            if said is not None:
                found.append((str(message.get("role", message.get("from", ""))), said))
    return found


def chat_text(prompt: Any) -> str | None:
    """Return a prompt as text; the turns of a message list are joined by blank lines."""
    if isinstance(prompt, (str, bytes)) or prompt is None:
        return text(prompt)
    turns = _turns(prompt)
    return "\n\n".join(said for _, said in turns) if turns else text(prompt)


def last_user(messages: Any) -> str | None:
    """Return the problem in a message list: the last user turn without instructions around it."""
    said = [content for role, content in _turns(messages) if role in ("user", "human")]
    return statement(said[-1]) if said else None


def statement(turn: str) -> str:
    """Return a user turn without whole instruction sentences before or after the problem.

    Examples
    --------
    >>> statement("What is 2 + 2?\\nPlease reason step by step, and put your final answer in a box.")
    'What is 2 + 2?'
    """
    return statement_from_prompt(f"<|im_start|>user\n{turn}<|im_end|>") or turn
