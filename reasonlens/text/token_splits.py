"""Where byte-level BPE surely splits a text, whatever else is in it.

It first splits a text into parts by regular expressions. Under those that are known here there are places
where one part ends and another begins whatever stands around them, and where neither side has a say in how
the other is split. All of them lie between two ASCII characters.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Splits", "kinds", "splits_of"]

_LETTER, _DIGIT, _SPACE, _LINE, _APOSTROPHE, _SLASH, _OTHER_SIGN = (1 << bit for bit in range(7))
_SIGN = _APOSTROPHE | _SLASH | _OTHER_SIGN
_VISIBLE = _LETTER | _DIGIT | _SIGN
_ANY = _VISIBLE | _SPACE | _LINE


class Splits(NamedTuple):
    """What a text can be cut at."""

    between: tuple[tuple[int, int], ...]
    """Kinds of characters before and after a cut."""

    taking: int = _VISIBLE
    """Kinds of characters that take along the last of the spaces before them."""

    holding: int = _SPACE | _SIGN
    """Kinds of characters that keep a sign after them from the letters that follow it."""

    def cuts(self, kinds: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Return before which of the bytes, and whether at the end, the text can be cut (length + 1)."""
        left, right = kinds[:-1], kinds[1:]
        can_cut = np.zeros(len(kinds) + 1, bool)
        for before, after in self.between:
            can_cut[1:-1] |= (left & before != 0) & (right & after != 0)
        can_cut[:-2] |= (left == _SPACE) & (right & self.taking != 0)
        first, sign, letter = left[:-1], right[:-1], right[1:]
        can_cut[2:-1] |= (first & self.holding != 0) & (sign & _SIGN != 0) & (letter == _LETTER)
        return can_cut


_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_SHORT = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_SIGNS, _BLANK = r"| ?[^\s\p{L}\p{N}]+[\r\n]*", r"|\s*[\r\n]+|\s+(?!\S)|\s+"
_WORD = _SHORT + r"|[^\r\n\p{L}\p{N}]?\p{L}+"
_MARKED = _SHORT + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_CASED = "|".join(
    rf"[^\r\n\p{{L}}\p{{N}}]?{word}{_SHORT}?"
    for word in (_UPPER + "*" + _LOWER + "+", _UPPER + "+" + _LOWER + "*")
)
_ASCII_SIGN = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"""
_V3 = _ASCII_SIGN + r"[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"

_ALL = ((_LETTER, _ANY - _LETTER), (_DIGIT, _ANY - _DIGIT), (_SIGN, _DIGIT | _SPACE))
_LATER = (*_ALL, (_LINE, _VISIBLE), (_SPACE, _DIGIT))
_QWEN = Splits((*_LATER, (_DIGIT, _DIGIT)))
_O200K = Splits(
    (
        (_LETTER, _ANY - _LETTER - _APOSTROPHE),  # "don't" is one part
        (_DIGIT, _ANY - _DIGIT),
        (_SIGN, _DIGIT | _SPACE),
        (_LINE, _VISIBLE - _SLASH),  # a sign, line breaks and slashes are one part
        (_SPACE, _DIGIT),
    ),
    holding=_SPACE | (_SIGN - _SLASH),
)

_KNOWN = {
    (_GPT2,): Splits(_ALL),
    (_WORD + r"|\p{N}{1,3}" + _SIGNS + _BLANK,): Splits(_LATER),  # Llama 3, cl100k
    (_WORD + r"|\p{N}" + _SIGNS + _BLANK,): _QWEN,
    (_MARKED + _BLANK,): _QWEN,  # Qwen 3.5
    (_CASED + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + _BLANK,): _O200K,  # gpt-oss
    (r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+", _V3 + _BLANK): Splits(
        _LATER, _LETTER | _SIGN
    ),  # DeepSeek V3, R1
}


def splits_of(pre_tokenizer: Any) -> Splits | None:
    """Return where texts are surely split, if how they are is known here.

    Parameters
    ----------
    pre_tokenizer
        That of a tokenizer.json, decoded.
    """
    if not pre_tokenizer:
        return None
    steps = pre_tokenizer["pretokenizers"] if pre_tokenizer["type"] == "Sequence" else [pre_tokenizer]
    *splits, level = steps or [{"type": ""}]
    if level["type"] != "ByteLevel" or level["add_prefix_space"] or level["use_regex"] == bool(splits):
        return None
    ours = {"type": "Split", "behavior": "Isolated", "invert": False}
    if any(split.get(name) != value for split in splits for name, value in ours.items()):
        return None
    expressions = tuple(split["pattern"].get("Regex", "") for split in splits) or (_GPT2,)
    return _KNOWN.get(tuple(each.replace("\r", r"\r").replace("\n", r"\n") for each in expressions))


def _table() -> bytes:
    table = bytearray(256)
    for byte in range(33, 127):
        text = chr(byte)
        table[byte] = _LETTER if text.isalpha() else _DIGIT if text.isdigit() else _OTHER_SIGN
    others = {" ": _SPACE, "\n": _LINE, "\r": _LINE, "'": _APOSTROPHE, "/": _SLASH}
    for text, kind in others.items():
        table[ord(text)] = kind
    return bytes(table)


_TABLE = _table()


def kinds(data: bytes) -> npt.NDArray[np.uint8]:
    """Return the kind of each byte, 0 for any that no rule speaks of; they can be written to."""
    return np.frombuffer(bytearray(data.translate(_TABLE)), np.uint8)
