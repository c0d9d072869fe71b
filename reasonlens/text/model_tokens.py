"""How many tokens of a model a text has, by that model's own tokenizer.

Tokenizing costs far more than counting words; give ``--tokenizer`` only where the traces do not bring
their token counts along. Byte-level BPE tokenizers count by pieces of texts, which most texts share.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from reasonlens.core.errors import InputError, MissingExtraError, first_line
from reasonlens.text.token_pieces import SURROGATES, Pieces, can_be_cut

__all__ = ["count"]


def count(texts: Sequence[str], tokenizer: str) -> list[int]:
    """Return the number of tokens of each text, without special tokens.

    Lone surrogates, which no tokenizer takes, count as U+FFFD, as which traces are read.

    Parameters
    ----------
    texts
        The texts.
    tokenizer
        A folder that holds a tokenizer, or the id of a published model.

    Raises
    ------
    MissingExtraError
        If transformers is not installed.
    InputError
        If the tokenizer cannot be loaded.
    """
    pieces = _pieces(tokenizer)
    if pieces is not None:
        return pieces.count(texts)
    whole = [SURROGATES.sub("\ufffd", text) for text in texts]
    encoded = _load(tokenizer)(whole, add_special_tokens=False, verbose=False)["input_ids"]
    return [len(ids) for ids in encoded]


@functools.lru_cache(maxsize=4)
def _pieces(tokenizer: str) -> Pieces | None:
    backend = getattr(_load(tokenizer), "backend_tokenizer", None)
    return Pieces(backend) if backend is not None and can_be_cut(backend) else None


@functools.lru_cache(maxsize=4)
def _load(tokenizer: str) -> Any:
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("transformers", "tokenizers", "--tokenizer") from error
    try:
        return transformers.AutoTokenizer.from_pretrained(tokenizer, use_fast=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"no tokenizer could be loaded from {tokenizer!r} ({first_line(error)}); give a folder with "
            "tokenizer.json or tokenizer_config.json, or a model id that is in the local cache"
        ) from error
