"""Make ``word_table.bin`` from Python's Unicode data: ``python -m reasonlens.text.build_word_table``.

The file is zlib-compressed: 0x110000 bytes of classes, then pairs of little-endian uint32 (code
point, its lower case) for the characters that have a lower case of one character.
"""

from __future__ import annotations

import sys
import unicodedata
import zlib
from pathlib import Path

import numpy as np

from reasonlens.text import words

__all__ = ["UNICODE", "table"]

UNICODE = "14.0.0"
"""The Unicode version of the shipped table."""

_SPACELESS = (
    "CJK UNIFIED",
    "CJK COMPATIBILITY IDEOGRAPH",
    "HIRAGANA",
    "KATAKANA",
    "HALFWIDTH KATAKANA",
    "HENTAIGANA",
    "OLD CHINESE ITERATION MARK",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
)
_HAN_RANGES = ((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B), (0x3400, 0x4DBF))
_HAN_MORE = ((0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))


def table() -> bytes:
    """Return the uncompressed table of the running Python's Unicode data."""
    kinds = np.zeros(0x110000, np.uint8)
    pairs = []
    for code in range(0x110000):
        char = chr(code)
        kinds[code] = _kind(char, code)
        lower = char.lower()
        if len(lower) == 1 and lower != char:
            pairs.append((code, ord(lower)))
    return kinds.tobytes() + np.array(pairs, "<u4").tobytes()


def _kind(char: str, code: int) -> int:
    if char in "'\u2019":
        return words.APOSTROPHE
    if char == "_":
        return words.UNDERSCORE
    if char.isspace():
        return words.SPACE
    category = unicodedata.category(char)
    if category[0] in "LM" and _spaceless(char, code):
        return words.SPACELESS if category[0] == "L" else words.OTHER
    return {"L": words.LETTER, "M": words.MARK, "N": words.NUMBER}.get(category[0], words.OTHER)


def _spaceless(char: str, code: int) -> bool:
    if any(low <= code <= high for low, high in (*_HAN_RANGES, *_HAN_MORE)):
        return True
    return unicodedata.name(char, "").startswith(_SPACELESS)


if __name__ == "__main__":
    if unicodedata.unidata_version != UNICODE:
        sys.exit(f"this Python has Unicode {unicodedata.unidata_version}, the table is of {UNICODE}")
    Path(__file__).with_name("word_table.bin").write_bytes(zlib.compress(table(), 9))
