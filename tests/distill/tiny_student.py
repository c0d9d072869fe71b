"""A tiny random Qwen2 to be trained, with the byte-level tokenizer of the backends' tests."""

from __future__ import annotations

from pathlib import Path

from tests.backends.tiny_model import make_tokenizer


def make_student(folder: Path, *, seed: int = 0) -> Path:
    """Save the model and its tokenizer in `folder`; return the folder."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        dtype="float32",
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
