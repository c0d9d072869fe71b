"""What the engines that have the tokenizer at hand share: prompts to ids, stop texts to ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["cut_at", "end_ids", "prompt_ids", "split_stops"]


def prompt_ids(tokenizer: Any, prompt: str) -> list[int]:
    """Return the token ids of a prompt, with the special tokens that the model expects before a text.

    A template that begins with the token for the begin of a text does not get a second one.
    """
    ids = list(tokenizer(prompt, add_special_tokens=True)["input_ids"])
    begin = tokenizer.bos_token_id
    if begin is not None and ids[:2] == [begin, begin]:
        return ids[1:]
    return ids


def split_stops(tokenizer: Any, stops: Iterable[str]) -> tuple[list[int], list[str]]:
    """Divide stop texts into ids of special tokens, which no decoded text shows, and other texts."""
    special: dict[str, int] = tokenizer.get_added_vocab()
    ids: list[int] = []
    texts: list[str] = []
    for stop in stops:
        if stop in special:
            ids.append(special[stop])
        elif not (stop.startswith("<|") and stop.endswith("|>")):
            texts.append(stop)  # a marker of another family of models is never written
    return ids, texts


def end_ids(tokenizer: Any, configured: int | list[int] | None) -> list[int]:
    """Return every id that ends a text, of the tokenizer and of the model's own configuration."""
    listed = configured if isinstance(configured, list) else [configured]
    return sorted({i for i in (*listed, tokenizer.eos_token_id) if i is not None})


def cut_at(text: str, stops: Iterable[str], *, keep: bool = False) -> tuple[str, bool]:
    """Return `text` up to the first stop text (with it, if `keep`), and whether there was one."""
    found = [(at, stop) for stop in stops if (at := text.find(stop)) >= 0]
    if not found:
        return text, False
    at, stop = min(found)
    return text[: at + len(stop) if keep else at], True
