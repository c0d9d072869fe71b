"""What an assistant message says: its text, and its reasoning if that is kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reasonlens.readers._typed import filled, list_of, mapping_of, text_of
from reasonlens.readers._values import chat_text, content_text, last_user, statement

__all__ = ["Answer", "answer_of", "asked"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One assistant message; `text` is ``None`` if it holds none (a tool call, a damaged row)."""

    text: str | None
    reasoning: str | None
    withheld: bool


def asked(messages: Any) -> tuple[str | None, str | None]:
    """Return the whole prompt, and the problem in it: the last user turn, or a prompt of one text.

    Whole instruction sentences before and after the problem are left out of it.
    """
    if isinstance(messages, str):
        return messages, statement(messages)
    if not isinstance(messages, list) or not messages:
        return None, None
    return chat_text(messages), last_user(messages)


def answer_of(message: Any, reasoning_tokens: int | None = None) -> Answer:
    """Return what an assistant message says.

    The reasoning stands under ``reasoning`` or ``reasoning_content``, or in typed parts of the
    content. It counts as withheld if there is a reasoning part that is empty or redacted (its
    text is then encrypted), or if reasoning tokens were counted and the text has no
    ``</think>``. An empty content without a tool call is an empty answer.
    """
    fields = mapping_of(message)
    content = fields.get("content")
    blocks = [part for part in map(mapping_of, list_of(content)) if part.get("type") == "reasoning"]
    reasoning = filled(fields.get("reasoning"), fields.get("reasoning_content"), _readable(blocks))
    text = content_text(content)
    inline = text is not None and "</think>" in text
    withheld = reasoning is None and not inline and (bool(blocks) or bool(reasoning_tokens))
    if text is None and (withheld or reasoning is not None or _silent(fields)):
        text = ""
    return Answer(text, reasoning, withheld)


def _silent(message: Mapping[str, Any]) -> bool:
    return "content" in message and message["content"] in (None, []) and not message.get("tool_calls")


def _readable(blocks: list[Mapping[str, Any]]) -> str:
    texts = (text_of(block.get("reasoning")) for block in blocks if not block.get("redacted"))
    return "\n\n".join(text for text in texts if text)
