"""Token counts without tokenizing every text: pieces of texts are tokenized once, and their counts added up.

Byte-level BPE first splits a text into parts by a regular expression. Under the expressions known here there
are places where, whatever stands around them, one part ends and another begins, and neither side has a say in
how the other is split; so a text can be cut there, and its count is the sum over the pieces. All these places
lie between two ASCII characters and are found for all texts at once; of different pieces there are few. Other
tokenizers are left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["SURROGATES", "Pieces", "can_be_cut"]

SURROGATES = re.compile("[\ud800-\udfff]")
"""What no encoding has, and no tokenizer takes."""

_HEAD, _REST = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_QWEN, _LLAMA = _HEAD + r"\p{N}" + _REST, _HEAD + r"\p{N}{1,3}" + _REST  # that of Llama 3 is also cl100k's

_LETTER, _DIGIT, _SPACE, _LINE, _SIGN = 1, 2, 4, 8, 16
_VISIBLE, _ANY = _LETTER | _DIGIT | _SIGN, 31

_RULES = {_GPT2: [(_LETTER, _ANY - _LETTER), (_DIGIT, _ANY - _DIGIT), (_SIGN, _DIGIT | _SPACE)]}
_RULES[_LLAMA] = [*_RULES[_GPT2], (_LINE, _VISIBLE), (_SPACE, _DIGIT)]
_RULES[_QWEN] = [*_RULES[_LLAMA], (_DIGIT, _DIGIT)]
"""Under each expression, what two kinds of characters a text can be cut between."""

_BORDER = b"\xff"
"""Stands after each text; no text has this byte."""

_MOST, _LONGEST = 500_000, 48
"""Pieces that are remembered, about 60 MB, and bytes of a piece that is."""


def can_be_cut(backend: Any) -> bool:
    """Tell whether a `tokenizers.Tokenizer` is one of those that count the same piece by piece."""
    made = json.loads(backend.to_str())
    whole = made["truncation"] is None and made["padding"] is None and not made["model"].get("dropout")
    return bool(
        whole
        and made["model"]["type"] == "BPE"
        and made["normalizer"] in (None, {"type": "NFC"})
        and _expression(made["pre_tokenizer"])
        and all(_is_plain(token, made["normalizer"] is not None) for token in made["added_tokens"])
    )


def _expression(pre_tokenizer: Any) -> str | None:
    """Return what texts are split by, if it is known here."""
    if not pre_tokenizer:
        return None
    steps = pre_tokenizer["pretokenizers"] if pre_tokenizer["type"] == "Sequence" else [pre_tokenizer]
    levels = [step for step in steps if step["type"] == "ByteLevel"]
    if len(levels) != 1 or levels[0]["add_prefix_space"] or steps[-1] is not levels[0]:
        return None
    if len(steps) == 1:
        return _GPT2 if levels[0]["use_regex"] else None
    split, ours = steps[0], {"behavior": "Isolated", "invert": False}
    known = (
        len(steps) == 2
        and not levels[0]["use_regex"]
        and split["type"] == "Split"
        and split["pattern"].get("Regex") in (_QWEN, _LLAMA)
        and all(split[name] == value for name, value in ours.items())
    )
    return str(split["pattern"]["Regex"]) if known else None


def _is_plain(token: dict[str, Any], normalizes: bool) -> bool:
    """Tell whether a token is found where, and only where, a text has its characters.

    Three other characters are the same as ``K``, ``;`` and a grave accent after normalization.
    """
    text = token["content"]
    odd = token["lstrip"] or token["rstrip"] or token["single_word"] or re.search(r"\s", text)
    exact = not (normalizes and token["normalized"]) or (text.isascii() and not re.search("[K;`]", text))
    return exact and not odd


class Pieces:
    """Counts of the pieces of texts that one tokenizer has seen."""

    def __init__(self, backend: Any) -> None:
        made = json.loads(backend.to_str())
        self._rules = _RULES[_expression(made["pre_tokenizer"]) or _GPT2]
        added = sorted((token["content"].encode() for token in made["added_tokens"]), key=len, reverse=True)
        self._added_in = re.compile(b"|".join(map(re.escape, added)) or b"(?!)").search
        self._backend = backend
        self._known: dict[bytes, int] = {}

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens."""
        if not texts:
            return []
        pieces, ends = self._cut(_bytes(texts))
        encoded = pieces.dictionary_encode()
        n = self._counts(encoded.dictionary.to_pylist())[encoded.indices.to_numpy()]
        total = np.concatenate([[0], np.cumsum(n)])
        counts: list[int] = np.diff(total[ends], prepend=0).tolist()
        return counts

    def _counts(self, pieces: list[bytes]) -> npt.NDArray[np.int64]:
        found = list(map(self._known.get, pieces))
        new = [piece for piece, n in zip(pieces, found, strict=True) if n is None and piece != _BORDER]
        encoded = self._backend.encode_batch_fast([piece.decode() for piece in new], add_special_tokens=False)
        counts = {_BORDER: 0, **dict(zip(new, map(len, encoded), strict=True))}
        if len(self._known) + len(new) > _MOST:
            self._known = {}
        self._known.update((piece, n) for piece, n in counts.items() if len(piece) <= _LONGEST)
        return np.array(
            [counts[piece] if n is None else n for piece, n in zip(pieces, found, strict=True)], np.int64
        )

    def _cut(self, texts: list[bytes]) -> tuple[pa.Array, npt.NDArray[np.int64]]:
        """Return the pieces of all texts and their borders, and how many there are up to each text's end."""
        data = b"".join(text + _BORDER for text in texts)
        borders = np.cumsum([len(text) + 1 for text in texts])
        can_cut = _cuts(self._kinds(data), self._rules)
        can_cut[borders] = can_cut[borders - 1] = can_cut[0] = True
        places = np.flatnonzero(can_cut)
        buffers = [None, pa.py_buffer(places.astype(np.int64)), pa.py_buffer(data)]
        pieces = pa.Array.from_buffers(pa.large_binary(), len(places) - 1, buffers)
        return pieces, np.searchsorted(places, borders)

    def _kinds(self, data: bytes) -> npt.NDArray[np.uint8]:
        """Return the kind of each byte; 0 is any other, and what an added token may take."""
        kinds = np.frombuffer(bytearray(data.translate(_KINDS)), np.uint8)
        token = self._added_in(data)
        while token:
            kinds[token.start() : token.end()] = 0
            token = self._added_in(data, token.start() + 1)  # another may overlap, and be the one that counts
        return kinds


def _bytes(texts: Sequence[str]) -> list[bytes]:
    try:
        return [text.encode() for text in texts]
    except UnicodeEncodeError:
        return [SURROGATES.sub("\ufffd", text).encode() for text in texts]


def _kinds() -> bytes:
    kinds = bytearray(256)
    for byte in range(33, 127):
        text = chr(byte)
        kinds[byte] = _LETTER if text.isalpha() else _DIGIT if text.isdigit() else _SIGN
    kinds[ord(" ")], kinds[ord("\n")], kinds[ord("\r")] = _SPACE, _LINE, _LINE
    return bytes(kinds)


_KINDS = _kinds()


def _cuts(kinds: npt.NDArray[np.uint8], rules: list[tuple[int, int]]) -> npt.NDArray[np.bool_]:
    """Return before which of the bytes, and whether at the end, the text can be cut (length + 1)."""
    left, right = kinds[:-1], kinds[1:]
    can_cut = np.zeros(len(kinds) + 1, bool)
    for before, after in rules:
        can_cut[1:-1] |= (left & before != 0) & (right & after != 0)
    # the last of several spaces belongs to what comes next
    can_cut[:-2] |= (left == _SPACE) & (right & _VISIBLE != 0)
    # a sign belongs to the letters that come next, unless to the sign or space before it
    can_cut[2:-1] |= (left[:-1] & (_SPACE | _SIGN) != 0) & (right[:-1] == _SIGN) & (right[1:] == _LETTER)
    return can_cut
