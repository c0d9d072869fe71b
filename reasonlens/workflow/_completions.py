"""Chat completions with log-probabilities: rows of a file to the tokens of each output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Output", "known", "outputs", "spans"]

_UNKNOWN = -1000.0  # servers write -9999 for "not among the known"

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Output:
    """One output: what identifies it, and its tokens as the server gave them."""

    trace_id: str | None
    custom_id: str | None
    sample: int
    content: tuple[Item, ...]


def outputs(row: Any) -> Iterator[Output | str]:
    """Yield the outputs of one row, or a string that says why there is none.

    A row is a chat completion (``choices[].logprobs.content``), a line of a batch output
    (``custom_id``, ``response.body``), or an object with ``logprobs`` (that object, or the list
    itself). ``trace_id`` and ``custom_id`` are taken from the row.
    """
    if not isinstance(row, dict):
        yield "the row is no object"
        return
    ids = (_text(row.get("trace_id")), _text(row.get("custom_id")))
    body = row
    response = row.get("response")
    if isinstance(response, dict):
        inner = response.get("body", response)
        body = inner if isinstance(inner, dict) else row
    choices = body.get("choices")
    for i, choice in enumerate(choices if isinstance(choices, list) else [row]):
        content = _content(choice.get("logprobs") if isinstance(choice, dict) else None)
        yield Output(*ids, i, content) if content else "the row has no logprobs.content"


def _content(logprobs: Any) -> tuple[Item, ...]:
    found = logprobs.get("content") if isinstance(logprobs, dict) else logprobs
    if not isinstance(found, list) or not all(isinstance(x, dict) and "token" in x for x in found):
        return ()
    return tuple(found)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def known(content: Sequence[Item]) -> npt.NDArray[np.float64]:
    """Return the log-probabilities of the most likely tokens at each place, shape (T, K), NaN-filled.

    A server may add the token that was drawn although it is not among the most likely. If that
    token is the least likely one known, it is left out: the rest surely is a top list.
    """
    lists = [_top(item) for item in content]
    table = np.full((len(lists), max(1, *map(len, lists)) if lists else 1), np.nan)
    for row, values in zip(table, lists, strict=True):
        row[: len(values)] = values
    return table


def _top(item: Item) -> list[float]:
    tops = item.get("top_logprobs") or []
    found = [(float(t["logprob"]), t.get("token")) for t in tops if _number(t)]
    found.sort(key=lambda pair: -pair[0])
    if len(found) > 1 and found[-1][1] == item.get("token"):
        found.pop()
    return [value for value, _ in found]


def _number(item: Any) -> bool:
    value = item.get("logprob") if isinstance(item, dict) else None
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > _UNKNOWN


def spans(content: Sequence[Item]) -> tuple[str, npt.NDArray[np.int64]]:
    """Return the text of the tokens and the place where each starts, shape (T + 1,).

    From ``bytes`` where every token has them (a character may be spread over tokens), else from
    ``token``.
    """
    raw = [item.get("bytes") for item in content]
    if content and all(isinstance(piece, list) for piece in raw):
        pieces = [bytes(piece or []) for piece in raw]
        data = b"".join(pieces)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = ""
        if text:
            starts = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
            heads = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80
            before = np.concatenate([[0], np.cumsum(heads)])
            return text, before[starts].astype(np.int64)
    tokens = [str(item["token"]) for item in content]
    return "".join(tokens), np.concatenate([[0], np.cumsum([len(t) for t in tokens])]).astype(np.int64)
