"""A tokenizer's tokens as bytes: all that a ban needs to know of it.

Read from ``tokenizer.json``, without torch or transformers. Two kinds are known: byte-level BPE
(GPT-2's alphabet: Qwen, Llama 3, DeepSeek) and SentencePiece with byte fallback (Llama 2, Gemma).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from reasonlens.core.errors import InputError

__all__ = ["Vocabulary", "of_tokenizer", "read"]

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>\Z")


@dataclass(frozen=True)
class Vocabulary:
    """The bytes that each token adds to a text.

    Attributes
    ----------
    tokens
        The bytes of each token id; empty for special tokens, which vanish when a text is decoded,
        and for ids that the tokenizer does not use.
    special
        The ids of special tokens, with their texts.
    name
        Where it is from, for messages.
    """

    tokens: tuple[bytes, ...]
    special: Mapping[int, str]
    name: str = "tokenizer"

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits over the bytes and the special tokens."""
        found = hashlib.blake2b(digest_size=8)
        for token in self.tokens:
            found.update(len(token).to_bytes(4, "little") + token)
        found.update(json.dumps(sorted(self.special.items())).encode())
        return found.hexdigest()

    def __len__(self) -> int:
        return len(self.tokens)

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`; ids past the vocabulary add nothing."""
        return b"".join(self.tokens[i] for i in ids if 0 <= i < len(self.tokens)).decode("utf-8", "replace")


def read(source: str | Path) -> Vocabulary:
    """Read a ``tokenizer.json``, or the one of a folder.

    Raises
    ------
    InputError
        If there is none, or it is of a kind that is not known.
    """
    path = Path(source)
    if path.is_dir():
        path = path / "tokenizer.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"no tokenizer can be read from {source} ({error.strerror}); a ban needs a tokenizer.json "
            "or a folder that has one"
        ) from None
    except ValueError as error:
        raise InputError(f"{path} is no JSON file ({error}); a ban needs a tokenizer.json") from None
    return from_json(content, str(source))


def of_tokenizer(tokenizer: Any) -> Vocabulary:
    """Return the vocabulary of a fast tokenizer of transformers, or of a ``tokenizers.Tokenizer``.

    Raises
    ------
    InputError
        If it is a slow tokenizer, or of a kind that is not known.
    """
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(backend, "to_str"):
        raise InputError(
            f"a ban needs a fast tokenizer (one with a tokenizer.json), not {type(tokenizer).__name__}"
        )
    return from_json(json.loads(backend.to_str()), getattr(tokenizer, "name_or_path", "") or "tokenizer")


def from_json(content: Any, name: str = "tokenizer") -> Vocabulary:
    """Return the vocabulary that the content of a ``tokenizer.json`` describes."""
    try:
        entries = _entries(content["model"]["vocab"])
        added = content.get("added_tokens") or []
        convert = _converter(content, name)
        size = max([*entries.values(), *(token["id"] for token in added)], default=-1) + 1
        tokens = [b""] * size
        for text, number in entries.items():
            tokens[number] = convert(text)
        special: dict[int, str] = {}
        for token in added:
            tokens[token["id"]] = b"" if token["special"] else convert(token["content"])
            if token["special"]:
                special[token["id"]] = token["content"]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{name} is no tokenizer.json that can be read (at {error})") from None
    return Vocabulary(tuple(tokens), special, name)


def _entries(vocab: Any) -> dict[str, int]:
    if isinstance(vocab, list):  # unigram: pairs of a piece and its score
        return {piece: number for number, (piece, _) in enumerate(vocab)}
    return dict(vocab)


def _types(part: Any) -> set[str]:
    """Return the names of the steps of a decoder or pre-tokenizer."""
    if not isinstance(part, dict):
        return set()
    found = {part.get("type", "")}
    for several in ("decoders", "pretokenizers"):
        for inner in part.get(several) or []:
            found |= _types(inner)
    return found


def _converter(content: Any, name: str) -> Any:
    steps = _types(content.get("decoder")) | _types(content.get("pre_tokenizer"))
    if "ByteLevel" in steps:
        return _byte_level
    if "Metaspace" in steps or "ByteFallback" in steps:
        return _sentence_piece
    raise InputError(
        f"the tokenizer {name} joins its tokens in a way that is not known "
        f"({', '.join(sorted(steps - {''})) or 'no decoder'}); bans know byte-level BPE and SentencePiece "
        "with byte fallback"
    )


def _byte_level(text: str) -> bytes:
    alphabet = _alphabet()
    try:
        return bytes([alphabet[char] for char in text])
    except KeyError:  # an added token is kept as it is
        return text.encode("utf-8", "surrogatepass")


def _sentence_piece(text: str) -> bytes:
    if found := _BYTE.match(text):
        return bytes([int(found[1], 16)])
    return text.replace("\u2581", " ").encode("utf-8", "surrogatepass")


@cache
def _alphabet() -> dict[str, int]:
    """Return GPT-2's printable stand-in of each byte."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in kept]
    return {chr(byte): byte for byte in kept} | {chr(256 + n): byte for n, byte in enumerate(others)}
