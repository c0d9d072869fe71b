"""Token counts without tokenizing every text: pieces of texts are tokenized once, and their counts added up.

Byte-level BPE first splits a text into parts by a regular expression. Under the expressions known here a
part always begins at a single space between two visible characters, and neither side has a say in how the
other is split; so a text can be cut there, and its count is the sum over the pieces. A new piece in ASCII is
in turn the sum over its parts, of which there are far fewer. Other tokenizers are left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["Pieces", "can_be_cut"]

_HEAD, _REST = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_KNOWN = {_HEAD + digits + _REST for digits in (r"\p{N}", r"\p{N}{1,3}")}  # Qwen; Llama 3 and cl100k

_ASCII = {
    r"[^\s\p{L}\p{N}]": "[^\0\t-\r A-Za-z0-9]",
    r"[^\r\n\p{L}\p{N}]": "[^\0\r\nA-Za-z0-9]",
    r"\p{L}": "[A-Za-z]",
    r"\p{N}": "[0-9]",
    r"\s": "[\t-\r ]",
    r"\S": "[^\0\t-\r ]",
}
"""What the classes of the expressions are among ASCII characters, in the syntax of Python. NUL is in none of
them: it stands between pieces, as the end of a text does."""

_END = "\0"

_MOST = 500_000
"""Pieces, and parts, that are remembered: about 60 MB each."""


def can_be_cut(backend: Any) -> bool:
    """Tell whether a `tokenizers.Tokenizer` is one of those that count the same piece by piece."""
    made = json.loads(backend.to_str())
    whole = made["truncation"] is None and made["padding"] is None and not made["model"].get("dropout")
    return bool(
        whole
        and made["model"]["type"] == "BPE"
        and made["normalizer"] in (None, {"type": "NFC"})
        and _expression(made["pre_tokenizer"])
        and all(_is_plain(token) for token in made["added_tokens"])
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
        and split["pattern"].get("Regex") in _KNOWN
        and all(split[name] == value for name, value in ours.items())
    )
    return str(split["pattern"]["Regex"]) if known else None


def _is_plain(token: dict[str, Any]) -> bool:
    odd = token["lstrip"] or token["rstrip"] or token["single_word"]
    return not odd and not re.search(r"\s", token["content"])


class Pieces:
    """Counts of the pieces, and of the parts of pieces, that one tokenizer has seen."""

    def __init__(self, backend: Any) -> None:
        made = json.loads(backend.to_str())
        expression = _expression(made["pre_tokenizer"]) or ""
        for known, ascii_class in _ASCII.items():
            expression = expression.replace(known, ascii_class)
        self._parts_of = re.compile(f"{expression}|{_END}").findall
        added = [re.escape(token["content"]) for token in made["added_tokens"]]
        self._added_in = re.compile("|".join(added) or "(?!)").search
        self._encode = backend.encode_batch_fast
        self._pieces: dict[str, int] = {}
        self._parts = {_END: -1}

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens."""
        if len(self._pieces) > _MOST:
            self._pieces.clear()
        pieces, ends = _cut(texts)
        encoded = pieces.dictionary_encode()
        names = encoded.dictionary.to_pylist()
        found = list(map(self._pieces.get, names))
        if None in found:
            self._learn([name for name, n in zip(names, found, strict=True) if n is None])
            found = list(map(self._pieces.__getitem__, names))
        n = np.array(found, np.int64)[encoded.indices.to_numpy()]
        total = np.concatenate([[0], np.cumsum(n)])
        counts: list[int] = np.diff(total[ends], prepend=0).tolist()
        return counts

    def _learn(self, names: list[str]) -> None:
        if len(self._parts) > _MOST:
            self._parts = {_END: -1}
        whole = [name for name in names if not name.isascii() or _END in name]
        if self._added_in(_END.join(names)):
            whole += [name for name in names if self._added_in(name)]
        self._pieces.update(self._counted(whole))
        rest = list(set(names).difference(whole))
        parts = self._parts_of("".join(f"{name}{_END}" for name in rest))
        self._parts.update(self._counted(list(set(parts).difference(self._parts))))
        n = np.fromiter(map(self._parts.__getitem__, parts), np.int64, len(parts))
        ends = np.flatnonzero(n < 0)
        n[ends] = 0
        self._pieces.update(zip(rest, np.diff(np.cumsum(n)[ends], prepend=0).tolist(), strict=True))

    def _counted(self, texts: list[str]) -> Iterable[tuple[str, int]]:
        return zip(texts, map(len, self._encode(texts, add_special_tokens=False)), strict=True)


def _cut(texts: Sequence[str]) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """Return the pieces of all texts, and how many there are up to the end of each text."""
    column = pa.array(texts, pa.large_string())
    _, offsets, data = column.buffers()
    borders = np.frombuffer(offsets, np.int64)[: len(texts) + 1]
    text = np.frombuffer(data, np.uint8)[: borders[-1]] if data is not None else np.zeros(0, np.uint8)
    visible = text - np.uint8(33) < 94
    can_cut = np.zeros(len(text) + 1, bool)
    can_cut[1:-2] = (text[1:-1] == 32) & visible[:-2] & visible[2:]
    last = borders[1:] - 1
    can_cut[last[last >= 0]] = False  # what comes next is another text
    can_cut[borders] = True
    places = np.flatnonzero(can_cut)
    pieces = pa.Array.from_buffers(
        pa.large_string(), len(places) - 1, [None, pa.py_buffer(places.astype(np.int64)), data]
    )
    return pieces, np.searchsorted(places, borders[1:])
