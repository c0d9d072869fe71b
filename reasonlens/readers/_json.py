"""JSON as it is found in the wild: one value of a line, or an array read item by item.

What JSON or UTF-8 does not allow but real files hold is repaired and marked: invalid UTF-8 and
lone surrogates become U+FFFD, ``NaN`` and ``Infinity`` are read as numbers.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from reasonlens.readers import Row, Skipped
from reasonlens.readers._open import BROKEN

__all__ = ["LIMIT", "array_rows", "complaint", "decode", "scrub"]

LIMIT = 64 * 2**20
"""The longest line, array item or CSV field that is read, in bytes (items: characters)."""

_PIECE = 2**18
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAY_SURROGATE = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")
_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(strict=False)  # control characters inside strings are read as they are
_NEAR_END = 32  # a literal, number or escape that is cut off is shorter than this


def scrub(value: Any) -> Any:
    """Return decoded JSON with every lone surrogate replaced by U+FFFD."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [scrub(item) for item in value]
    if isinstance(value, dict):
        return {scrub(key): scrub(item) for key, item in value.items()}
    return value


def decode(data: bytes) -> tuple[Any, bool]:
    """Return the value that `data` holds, and whether it had to be repaired.

    Raises
    ------
    ValueError
        If it is not JSON.
    RecursionError
        If it is nested too deeply.
    """
    try:
        return orjson.loads(data), False
    except orjson.JSONDecodeError:
        text = data.decode("utf-8", "surrogateescape")  # invalid bytes become lone surrogates
        return scrub(_DECODER.decode(text)), True


def complaint(error: Exception) -> str:
    """Return why a value could not be decoded, in one phrase."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} (column {error.colno})"
    return f"not JSON: {error}"


def array_rows(stream: BinaryIO) -> Iterator[Row | Skipped]:
    """Yield the items of a JSON array, holding one item in memory at a time.

    Where the array is cut off or wrong, one `Skipped` item says so and nothing follows: the
    start of the next item cannot be found safely.
    """
    items = _Items(stream)
    number = 0
    while True:
        number += 1
        place = f"item {number}"
        try:
            raw, value = items.next()
        except StopIteration:
            return
        except (ValueError, RecursionError, *BROKEN) as error:
            yield Skipped(place, f"{_array_complaint(error)}; nothing after this could be read")
            return
        repaired = bool(_MAY_SURROGATE.search(raw))
        if not isinstance(value, dict):
            yield Skipped(place, f"not an object but {type(value).__name__}")
        else:
            yield Row(place, scrub(value) if repaired else value, repaired)


def _array_complaint(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the file breaks off inside the array"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg}"
    return complaint(error)


class _Items:
    """The items of one JSON array, decoded from a growing piece of the text."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at, self._ended = "", 0, False
        self._more()
        self._text = self._text.removeprefix("\ufeff")
        if self._peek() != "[":
            raise ValueError("an array starts with [")
        self._at += 1
        self._first = True

    def _more(self) -> None:
        """Read on, as much again as is waiting, so that a long item is not parsed too often."""
        self._text = self._text[self._at :]
        self._at = 0
        if len(self._text) > LIMIT:
            raise ValueError(f"an item of more than {LIMIT // 2**20} MiB")
        data = self._stream.read(max(_PIECE, len(self._text)))
        self._ended = not data
        self._text += self._decoder.decode(data, final=self._ended)

    def _peek(self) -> str:
        """Return the next character that is not blank, or raise `EOFError`."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                raise EOFError
            self._more()

    def next(self) -> tuple[str, Any]:
        """Return the text and the value of the next item."""
        mark = self._peek()
        if mark == "]":
            self._at += 1
            self._end()
        if not self._first:
            if mark != ",":
                raise json.JSONDecodeError("a comma is missing between two items", self._text, self._at)
            self._at += 1
            self._peek()
        self._first = False
        return self._item()

    def _item(self) -> tuple[str, Any]:
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR_END
                if self._ended and cut:
                    raise EOFError from error
                if self._ended or not cut:
                    raise
            else:
                if self._ended or self._settled(end):
                    raw = self._text[self._at : end]
                    self._at = end
                    return raw, value
            self._more()

    def _settled(self, end: int) -> bool:
        """Tell whether the value before `end` is whole: a number may go on in what is not read yet."""
        rest = len(self._text) - end
        return rest > 0 and (self._text[end] in " \t\r\n,]" or rest > _NEAR_END)

    def _end(self) -> None:
        try:
            self._peek()
        except EOFError:
            raise StopIteration from None
        raise ValueError("there is more text after the end of the array")
