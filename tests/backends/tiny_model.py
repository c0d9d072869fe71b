"""A tiny Qwen2-architecture model that loves the words to be banned, made in seconds and without training.

Its tokenizer is a byte-level BPE whose vocabulary has nearly every piece of the target words, in many
cases and with and without a space before, so that each word can be spelled in many ways. Its weights
are set by hand: attention and MLP add nothing, so that the next token depends on the last one alone,
and the two projections hold a table of what follows what. The table spells the target words piece by
piece, ends them in many ways, and goes on to look-alikes (*waiter*, *await*).
"""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path
from typing import Any

TARGETS = ("wait", "perhaps", "but", "alternatively")
PHRASE = "let me check"
LOOK_ALIKES = ("waiter", "waiting", "await", "awaited", "butter", "button")
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<pad>")
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_OTHERS = (
    "so the sum of two and three is five then we add one more and find x equals seven because it holds "
    "first second number prime even odd check let me think answer value term again here there"
)
CLOSING = "</think>"
_PAD_ROWS = 29  # the model has more rows than the tokenizer has tokens, as real ones do


def corpus(seed: int = 7) -> list[str]:
    """Return short texts that make the BPE learn pieces of the target words."""
    dice = random.Random(seed)
    lines = []
    for word in (*TARGETS, *PHRASE.split(), *LOOK_ALIKES):
        forms = {word, word.capitalize(), word.upper()}
        for form in sorted(forms):
            pieces = {form[i:j] for i, j in itertools.combinations(range(len(form) + 1), 2)}
            lines += [f"{lead}{piece}" for piece in sorted(pieces) for lead in ("", " ", "\n", "(", '"')]
            lines += [f" {form}{tail}" for tail in (",", ".", "?", "!", "...", "\n") for _ in range(3)]
    words = _OTHERS.split()
    lines += [" ".join(dice.choices(words, k=12)) + "." for _ in range(300)]
    return lines


def make_tokenizer(size: int = 1500, *, closing: bool = False) -> Any:
    """Return the tokenizer (transformers); with `closing`, one token closes the reasoning."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(SPECIAL),
        min_frequency=1,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(corpus(), trainer)
    core.add_special_tokens(list(SPECIAL))
    if closing:
        core.add_tokens([CLOSING])
    made = PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token="<|endoftext|>",
        pad_token="<pad>",
        clean_up_tokenization_spaces=False,
    )
    made.chat_template = CHAT
    return made


def _places(piece: str, words: tuple[str, ...]) -> set[tuple[str, int]]:
    """Return where in which words one stands after `piece`: (word, letters written)."""
    low = piece.lower()
    found = set()
    for word in words:
        for end in range(1, len(word) + 1):
            for start in range(end):
                inner = word[start:end]
                whole = (
                    low == inner
                    if start
                    else low[-len(inner) :] == inner and not low[: -len(inner)][-1:].isalnum()
                )
                if whole:
                    found.add((word, end))
    return found


def make_model(
    folder: Path,
    *,
    seed: int = 0,
    length: int = 60,
    context: int = 1024,
    rows: int | None = None,
    closing: float = 0.0,
) -> Path:
    """Save the model and its tokenizer in `folder`; return the folder.

    A text has about `length` tokens; `rows` is the number of logits, by default a few more than the
    tokenizer has tokens. `closing` is how probable it is between words that the reasoning is closed.
    """
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    tokenizer = make_tokenizer(closing=closing > 0)
    words = (*TARGETS, PHRASE, *LOOK_ALIKES)
    classes = [(word, i) for word in words for i in range(1, len(word) + 1)]
    width = 2 * ((len(classes) + 2 + 15) // 16 * 16)
    rows = rows or len(tokenizer) + _PAD_ROWS
    config = Qwen2Config(
        vocab_size=rows,
        hidden_size=width,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=context,
        tie_word_embeddings=False,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        dtype="float32",
    )
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(config)
    embedding, head = _tables(tokenizer, words, classes, width, rows, length)
    if closing:
        scale = width**0.5
        others = torch.logsumexp(head[: len(tokenizer) - 1, 0] * scale, 0)
        head[tokenizer.convert_tokens_to_ids(CLOSING), 0] = (
            others + math.log(closing / (1 - closing))
        ) / scale
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.norm.weight.fill_(1.0)
        model.model.embed_tokens.weight.copy_(embedding)
        model.lm_head.weight.copy_(head)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tables(
    tokenizer: Any, words: tuple[str, ...], classes: list[tuple[str, int]], width: int, rows: int, length: int
) -> tuple[Any, Any]:
    """Return embedding and head: a coordinate per class of last tokens, and what each class makes likely."""
    import torch

    number = {c: i + 1 for i, c in enumerate(classes)}
    embedding = torch.zeros(rows, width)
    head = torch.zeros(rows, width)
    embedding[:, 0] = 1.0
    scale = 1 / (1 / width) ** 0.5  # what RMSNorm makes of the one coordinate that is always there
    plain = torch.full((rows,), -7.0)
    for i in range(len(tokenizer)):
        if i in tokenizer.all_special_ids:
            continue
        piece = tokenizer.decode([i])
        low = piece.lower()
        for place in _places(piece, words):
            embedding[i, number[place]] = 2.0
        stripped = low.lstrip(' \n("')
        if low != stripped or piece[:1].isupper():
            begins = any(stripped and word.startswith(stripped) for word in words)
            plain[i] = 1.0 if begins else -2.0
        if piece in (" ", "\n", ".", ",", "?", "(", '"', " so", " two", " five"):
            plain[i] = 2.5
        for word, done in classes:
            rest = word[done:]
            if (
                rest
                and low
                and (rest.startswith(low) or (low.startswith(rest) and not low[len(rest) :][:1].isalnum()))
            ):
                head[i, number[word, done]] = 8.0 / scale
            if not rest and low[:1] in (" ", ".", ",", "\n", "?"):
                head[i, number[word, done]] = 2.0 / scale
    plain[tokenizer.eos_token_id] = torch.logsumexp(plain, 0) - torch.log(torch.tensor(float(length)))
    head[:, 0] = plain / scale
    return embedding, head
