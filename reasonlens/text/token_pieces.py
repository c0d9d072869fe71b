"""Token counts without tokenizing every text: pieces of texts are tokenized once, and their counts added up.

A text is cut wherever byte-level BPE surely splits it, so that its count is the sum over the pieces. Of
different pieces there are few. Tokenizers that split in ways that are not known are left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reasonlens.text.token_splits import Splits, kinds, splits_of

__all__ = ["SURROGATES", "Pieces", "can_be_cut"]

SURROGATES = re.compile("[\ud800-\udfff]")
"""What no encoding has, and no tokenizer takes."""

_BORDER = b"\xff"
"""Stands after each text; no text has this byte."""

_MOST, _LONGEST = 500_000, 48
"""Pieces that are remembered, about 60 MB, and bytes of a piece that is."""


_NFC, _NO_STEPS = {"type": "NFC"}, {"type": "Sequence", "normalizers": []}


def can_be_cut(backend: Any) -> bool:
    """Tell whether a `tokenizers.Tokenizer` is one of those that count the same piece by piece."""
    made = json.loads(backend.to_str())
    whole = made["truncation"] is None and made["padding"] is None and not made["model"].get("dropout")
    return bool(
        whole
        and made["model"]["type"] == "BPE"
        and made["normalizer"] in (None, _NFC, _NO_STEPS)
        and splits_of(made["pre_tokenizer"])
        and all(_is_plain(token, made["normalizer"] == _NFC) for token in made["added_tokens"])
    )


def _is_plain(token: dict[str, Any], normalizes: bool) -> bool:
    """Tell whether a token is found where, and only where, a text has its characters.

    Three other characters are the same as ``K``, ``;`` and a grave accent after normalization.
    """
    text = token["content"]
    odd = token["lstrip"] or token["rstrip"] or token["single_word"] or re.search(r"\s", text)
    exact = not (normalizes and token["normalized"]) or (text.isascii() and not re.search("[K;`]", text))
    return exact and not odd


class Pieces:
    """Counts of the pieces of texts that one tokenizer has seen, one that `can_be_cut`."""

    def __init__(self, backend: Any) -> None:
        made = json.loads(backend.to_str())
        self._splits = cast("Splits", splits_of(made["pre_tokenizer"]))
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
        can_cut = self._splits.cuts(self._kinds(data))
        can_cut[borders] = can_cut[borders - 1] = can_cut[0] = True
        places = np.flatnonzero(can_cut)
        buffers = [None, pa.py_buffer(places.astype(np.int64)), pa.py_buffer(data)]
        pieces = pa.Array.from_buffers(pa.large_binary(), len(places) - 1, buffers)
        return pieces, np.searchsorted(places, borders)

    def _kinds(self, data: bytes) -> npt.NDArray[np.uint8]:
        """Return the kind of each byte; 0 is any other, and what an added token may take."""
        found = kinds(data)
        token = self._added_in(data)
        while token:
            found[token.start() : token.end()] = 0
            token = self._added_in(data, token.start() + 1)  # another may overlap, and be the one that counts
        return found


def _bytes(texts: Sequence[str]) -> list[bytes]:
    try:
        return [text.encode() for text in texts]
    except UnicodeEncodeError:
        return [SURROGATES.sub("\ufffd", text).encode() for text in texts]
