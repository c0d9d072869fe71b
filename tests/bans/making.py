"""Small vocabularies: random ones, and a byte-level BPE trained on generated text."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from hypothesis import strategies as st

from reasonlens.bans.vocabulary import Vocabulary

__all__ = ["FRAGMENTS", "bpe", "sentence_piece", "text_of", "vocabularies"]

FRAGMENTS = [
    *(b"w", b"wa", b"wai", b"wait", b" wait", b" Wait", b"it", b"t", b"ai", b"IT", b" wa", b"er", b"ing"),
    *(b"waiter", b" await", b"await", b"a", b"it,", b"t.", b"wait,", b" wait's", b"s", b" ", b"\n", b"  "),
    *(b"hold", b" hold", b" on", b"on", b"old on", b"d o", b"n", b"hol", b"h", b"o", b"d on", b"once", b"-"),
    *(b"\xc3", b"\xa9", b"\xe2\x80", b"\x99", b"\xe2\x80\x99", b"\xc5\xbf", b"\xc5", b"\xbf", b"o wait"),
    *(
        b"\xe7\xad\x89",
        b"\xe7\xad",
        b"\x89",
        b"\xe7",
        b"\xad\x89",
        b"\xff",
        b"so",
        b"S",
        b" so",
        b"let",
        b"'s",
    ),
    *(b"'", b",", b"wait wait", b"xwait", b"\xc3\xa9wait", b"1", b"_", b"\\", b"\\wait", b".wait", b"W"),
]


@st.composite
def vocabularies(draw: st.DrawFn) -> Vocabulary:
    """Return some fragments in any order, with a special token and an empty one among them."""
    tokens = draw(st.lists(st.sampled_from(FRAGMENTS), min_size=6, max_size=40, unique=True))
    place = draw(st.integers(0, len(tokens)))
    return Vocabulary((*tokens[:place], b"", *tokens[place:], b""), {place: "<|end|>"})


_WORDS = [
    *("wait", "waiter", "await", "waiting", "awaited", "but", "button", "butter", "however", "perhaps"),
    *("alternatively", "maybe", "so", "some", "check", "checkout", "let", "me", "the", "a", "we", "can"),
    *("compute", "sum", "of", "two", "three", "and", "then", "answer", "is", "let's", "hold", "on", "one"),
    *("therefore", "because", "number", "x", "y", "equals", "plus", "minus", "times", "again", "against"),
    *("now", "know", "other", "another", "any", "many"),
]


def text_of(n: int, seed: int) -> str:
    """Return `n` random words with random case and punctuation."""
    dice = random.Random(seed)
    parts = []
    for _ in range(n):
        word = dice.choice(_WORDS)
        word = dice.choice([word, word, word, word.capitalize(), word.upper()])
        parts.append(word + dice.choice(["", "", "", ",", ".", "!", "\n", ":", "\n\n", " ("]))
    return " ".join(parts)


@cache
def bpe(size: int = 4096) -> Any:
    """Return a trained byte-level BPE as a fast tokenizer of transformers, with a reasoning tag."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - 4,
        special_tokens=["<|endoftext|>", "<|im_start|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        max_token_length=10,
    )
    # without a split at words, merges cross them: tokens such as "t, b", and words split many ways
    tokenizer.train_from_iterator((text_of(12, seed) for seed in range(3000)), trainer)
    tokenizer.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|endoftext|>", pad_token="<|endoftext|>"
    )


def sentence_piece() -> dict[str, Any]:
    """Return the content of a ``tokenizer.json`` of the SentencePiece kind."""
    return {
        "model": {
            "type": "BPE",
            "vocab": {"<unk>": 0, "<0xE7>": 1, "\u2581wait": 2, "wa": 3, "it": 4, "\u2581": 5, "等": 6},
            "merges": [],
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "pre_tokenizer": None,
        "added_tokens": [
            {"id": 0, "content": "<unk>", "special": True},
            {"id": 7, "content": "<think>", "special": False},
        ],
    }
