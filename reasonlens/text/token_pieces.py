"""Token counts without tokenizing every text: pieces of texts are tokenized once, and their counts added up.

Byte-level BPE first splits a text by a regular expression. Under the expressions known here a part always
begins at a single space between two visible characters, and neither side has a say in how the other is split;
so a text can be cut there, and its count is the sum over the pieces. Other tokenizers are left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

__all__ = ["Pieces", "can_be_cut"]

_CUT = re.compile(" (?<=[!-~] )(?=[!-~])")
"""A space between visible ASCII characters; that the space comes first makes the search fast."""

_REST = r"?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_PATTERNS = {
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]" + _REST % digits
    for digits in (r"\p{N}", r"\p{N}{1,3}")  # Qwen; Llama 3 and cl100k
}

_MOST = 500_000
"""Pieces that are remembered: about 60 MB."""


def can_be_cut(backend: Any) -> bool:
    """Tell whether a `tokenizers.Tokenizer` is one of those that count the same piece by piece."""
    made = json.loads(backend.to_str())
    whole = made["truncation"] is None and made["padding"] is None and not made["model"].get("dropout")
    return bool(
        whole
        and made["model"]["type"] == "BPE"
        and made["normalizer"] in (None, {"type": "NFC"})
        and _splits_at_spaces(made["pre_tokenizer"])
        and all(_is_plain(token) for token in made["added_tokens"])
    )


def _splits_at_spaces(pre_tokenizer: Any) -> bool:
    if not pre_tokenizer:
        return False
    steps = pre_tokenizer["pretokenizers"] if pre_tokenizer["type"] == "Sequence" else [pre_tokenizer]
    levels = [step for step in steps if step["type"] == "ByteLevel"]
    if len(levels) != 1 or levels[0]["add_prefix_space"] or steps[-1] is not levels[0]:
        return False
    if len(steps) == 1:
        return bool(levels[0]["use_regex"])  # the expression of GPT-2
    split, ours = steps[0], {"behavior": "Isolated", "invert": False}
    return (
        len(steps) == 2
        and not levels[0]["use_regex"]
        and split["type"] == "Split"
        and split["pattern"].get("Regex") in _PATTERNS
        and all(split[name] == value for name, value in ours.items())
    )


def _is_plain(token: dict[str, Any]) -> bool:
    odd = token["lstrip"] or token["rstrip"] or token["single_word"]
    return not odd and not re.search(r"\s", token["content"])


class Pieces:
    """Counts of the pieces that one tokenizer has seen."""

    def __init__(self, backend: Any) -> None:
        self._encode = backend.encode_batch_fast
        self._known: dict[str, int] = {}  # pieces after a space, without it

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens."""
        firsts, rests = [], []
        for text in texts:
            first, *rest = _CUT.split(text)
            firsts.append(first)
            rests.append(rest)
        self._learn(set().union(*rests))
        starts = self._encode(firsts, add_special_tokens=False)
        return [
            len(start) + sum(map(self._known.__getitem__, rest))
            for start, rest in zip(starts, rests, strict=True)
        ]

    def _learn(self, pieces: set[str]) -> None:
        if len(self._known) > _MOST:
            self._known.clear()
        new = [piece for piece in pieces if piece not in self._known]
        encoded = self._encode([f" {piece}" for piece in new], add_special_tokens=False)
        self._known.update(zip(new, map(len, encoded), strict=True))
