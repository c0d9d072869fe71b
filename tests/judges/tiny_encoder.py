"""A tiny BERT with random weights and a WordPiece tokenizer, saved as a user would have it."""

from __future__ import annotations

from pathlib import Path

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
TEXT = """let me check that again verify the sum i should double - it so is box has balls then multiply by
hence x we can count them in another way . = ' , 3 4 5 12"""
WORDS = (*SPECIAL, *TEXT.split())

SIGNS = [chr(0x4E00 + i) for i in range(400)]
"""Signs that are words of their own; those at even places mean about the same, and so do the others."""


def save_encoder(folder: Path, seed: int = 0, *, positions: int = 24) -> Path:
    """Save a model of two layers that reads at most `positions` tokens; another seed is another model."""
    import torch
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    words = [*WORDS, *SIGNS, *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")]
    (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
    tokenizer = transformers.BertTokenizerFast(
        vocab={word: i for i, word in enumerate(words)}, model_max_length=positions
    )
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=positions,
    )
    model = transformers.BertModel(config)
    meaning, first = torch.randn(16), words.index(SIGNS[0])
    with torch.no_grad():
        for i in range(len(SIGNS)):
            model.embeddings.word_embeddings.weight[first + i] += meaning if i % 2 == 0 else -meaning
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
