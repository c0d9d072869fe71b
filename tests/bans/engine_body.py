"""What any engine must show under a ban: used with transformers here, with a real vLLM elsewhere.

A tiny model with random weights babbles; a bias on the pieces of a word makes the word frequent, in
many spellings, so that leaks would show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonlens.bans import Ban
from reasonlens.bans.vocabulary import Vocabulary
from tests.bans.making import bpe

__all__ = ["LOOK_ALIKES", "PROMPTS", "Shown", "check", "fragment_bias", "save_model", "tiny_model"]

LOOK_ALIKES = ("await", "waiter", "button")
"""What must go on occurring."""

PROMPTS = ("The sum is", "Oh wa", "so hold", "x", "<think>\n", "let me")
"""Among them some that begin a banned word."""

BANNED = ("wait", "but", "hold on")

_PIECES = ("wait", "waiter", "await", "but", "button", "butter", "hold", "on")


def tiny_model(vocab_size: int, seed: int = 0) -> Any:
    """Return a Qwen2 of one layer with random weights."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=vocab_size,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=512,
        tie_word_embeddings=False,
    )
    return Qwen2ForCausalLM(config).eval()


def save_model(folder: Path) -> Path:
    """Save tokenizer and model where an engine can load them."""
    tokenizer = bpe()
    tokenizer.save_pretrained(folder)
    tiny_model(len(tokenizer) + 24).save_pretrained(folder)
    return folder


def fragment_bias(vocabulary: Vocabulary, strength: float = 3.0) -> dict[int, float]:
    """Return a bias for tokens that are pieces of the words and for what parts words."""
    found = {}
    for number, data in enumerate(vocabulary.tokens):
        text = data.decode("utf-8", "replace")
        core = text.strip(" ,.").lower()
        if text and (not core or any(core in word for word in _PIECES)):
            rare = len(core) > 1 and core in "hold on"  # a phrase needs more luck
            found[number] = strength + 1.5 * rare
    return found


@dataclass(frozen=True)
class Shown:
    """What a run of an engine showed."""

    hits: dict[str, int]
    look_alikes: dict[str, int]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Shown:
        """Count the banned words as the plainest regular expression does, and the look-alikes."""
        gaps = {word: word.replace(" ", r"\s+") for word in BANNED}
        return cls(
            {w: sum(len(re.findall(rf"\b{gap}\b", t, re.I)) for t in texts) for w, gap in gaps.items()},
            {w: sum(len(re.findall(rf"\b{w}\b", t, re.I)) for t in texts) for w in LOOK_ALIKES},
        )


def check(generate: Callable[[Ban | None, int], Sequence[str]], n: int) -> tuple[Shown, Shown]:
    """Assert that a ban holds in `n` generations, and that it had something to hold back.

    `generate` returns texts (prompt and response) with and without a ban.
    """
    free = Shown.of(generate(None, min(n, 256)))
    assert all(count > 10 for count in free.hits.values()), free
    held = Shown.of(generate(Ban(BANNED), n))
    assert held.hits == dict.fromkeys(BANNED, 0)
    assert all(count > 10 for count in held.look_alikes.values()), held
    return free, held
