"""The entropy of a real softmax lies within the bounds from the likeliest tokens of a backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from reasonlens.backends import Completion, SamplingParams, connect
from reasonlens.stats.entropy import entropy_bounds
from tests.backends.contract import PROMPT, ask
from tests.backends.tiny_model import make_tokenizer

Model = tuple[Path, Any]


@pytest.fixture(scope="module", params=["made to measure", "random"])
def model(
    request: pytest.FixtureRequest, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Model:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    if request.param == "made to measure":
        return tiny_model, transformers.AutoModelForCausalLM.from_pretrained(tiny_model)
    tokenizer = make_tokenizer()
    config = transformers.Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=256,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dtype="float32",
        initializer_range=0.3,
    )
    torch.manual_seed(4)
    made = transformers.Qwen2ForCausalLM(config).eval()
    folder = tmp_path_factory.mktemp("random")
    made.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder, made


def exact(model: Any, folder: Path, found: Completion) -> np.ndarray:
    """Entropy of every token drawn, from one pass over prompt and completion, in double precision."""
    import torch
    from transformers import AutoTokenizer

    prompt = AutoTokenizer.from_pretrained(folder)(PROMPT)["input_ids"]
    with torch.inference_mode():
        logits = model(torch.tensor([[*prompt, *found.token_ids]])).logits[0].double()
    logs = torch.log_softmax(logits[len(prompt) - 1 : -1], dim=-1)
    return (-(logs.exp() * logs).sum(dim=-1)).numpy()


@pytest.mark.parametrize("k", [1, 5, 20])
def test_the_exact_entropy_is_within_the_bounds(model: Model, k: int) -> None:
    folder, whole = model
    backend = connect("transformers", str(folder), batch_size=4, device="cpu")
    # drawn at another temperature: the log-probabilities are still those of the model itself
    sampling = SamplingParams(temperature=0.8, top_p=1.0, max_tokens=40, logprobs=k)
    low, high, truth = [], [], []
    for found in backend.generate(ask(4), sampling):
        assert found.logprobs is not None
        assert found.logprobs.vocabulary == whole.config.vocab_size
        top = np.array(found.logprobs.top, dtype=np.float64)[:, :k]
        bounds = entropy_bounds(top, found.logprobs.vocabulary)
        low.append(bounds.low)
        high.append(bounds.high)
        truth.append(exact(whole, folder, found))
    below, above, middle = np.concatenate(low), np.concatenate(high), np.concatenate(truth)
    assert len(middle) > 60
    assert np.ptp(middle) > 0.5  # sure and unsure tokens
    assert np.all(below <= middle + 1e-4)
    assert np.all(middle <= above + 1e-4)
    if k == 20:
        assert spearmanr((below + above) / 2, middle).statistic > 0.9
