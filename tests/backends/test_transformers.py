"""The transformers backend on a tiny model: bans in mixed batches, log-probabilities, clear refusals."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from reasonlens.backends import GenerationRequest, SamplingParams, connect
from reasonlens.core.errors import BackendError, InputError
from tests.backends.contract import SAMPLING, ask, by_id
from tests.backends.stub_ban import StubBan


@pytest.fixture(scope="module")
def backend(tiny_model: Path) -> Any:
    return connect("transformers", str(tiny_model), batch_size=6, device="cpu")


def ids_of(backend: Any, start: str) -> tuple[int, ...]:
    known = backend.tokenizer().get_vocab().items()
    return tuple(i for text, i in known if text.lower().lstrip("Ġ").startswith(start))


def test_each_row_of_a_batch_has_its_own_ban(backend: Any) -> None:
    al, wa = ids_of(backend, "al"), ids_of(backend, "wa")
    bans = [None, StubBan(ids=al, name="a"), StubBan(ids=wa, name="b", digest="d2")]
    requests = [GenerationRequest(f"{i}", "So ", i, bans[i % 3]) for i in range(36)]
    seen = {"al": [0, 0, 0], "wa": [0, 0, 0]}
    for completion in backend.generate(requests, SAMPLING):
        used = set(completion.token_ids)
        seen["al"][int(completion.request_id) % 3] += not used.isdisjoint(al)
        seen["wa"][int(completion.request_id) % 3] += not used.isdisjoint(wa)
    assert seen["al"][1] == seen["wa"][2] == 0
    assert min(seen["al"][0], seen["al"][2], seen["wa"][0], seen["wa"][1]) >= 3


def test_a_ban_with_nothing_changes_nothing(backend: Any) -> None:
    plain = by_id(list(backend.generate(ask(6), SAMPLING)))
    sham = by_id(list(backend.generate(ask(6, StubBan(ids=())), SAMPLING)))
    assert {i: c.text for i, c in plain.items()} == {i: c.text for i, c in sham.items()}


def test_logprobs_are_those_before_the_ban(backend: Any) -> None:
    import torch

    wa = ids_of(backend, "wa")
    (found,) = backend.generate(
        ask(1, StubBan(ids=wa)), SamplingParams(temperature=0.5, top_p=0.5, max_tokens=8, logprobs=3)
    )
    model, tokenizer = backend._model, backend.tokenizer()
    prompt = tokenizer(ask(1)[0].prompt)["input_ids"]
    with torch.inference_mode():
        logits = model(torch.tensor([[*prompt, *found.token_ids]])).logits[0, len(prompt) - 1 : -1]
    logs = torch.log_softmax(logits.float(), dim=-1)
    for step, token in enumerate(found.token_ids):
        assert found.logprobs.drawn[step] == pytest.approx(float(logs[step, token]), abs=1e-4)
        assert found.logprobs.top[step] == pytest.approx(logs[step].topk(3).values.tolist(), abs=1e-4)
    assert found.logprobs.vocabulary == logits.shape[-1]


def test_settings_of_the_model_do_not_creep_in(backend: Any, tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "own")
    (folder / "generation_config.json").write_text(
        json.dumps({"do_sample": True, "temperature": 0.1, "repetition_penalty": 9.0, "eos_token_id": 1})
    )
    other = connect("transformers", str(folder), batch_size=6, device="cpu")
    assert other._ends == sorted({1, other.tokenizer().eos_token_id})  # but what ends a text is the model's
    texts = [c.text for c in backend.generate(ask(6), SAMPLING)]
    assert [c.text for c in other.generate(ask(6), SAMPLING)] == texts


def test_a_special_token_as_stop_text_ends_a_text(backend: Any) -> None:
    end = backend.tokenizer().convert_tokens_to_ids("<|im_end|>")
    backend._model.lm_head.weight.data[end, 0] = 10.0
    try:
        (found,) = backend.generate(ask(1), SamplingParams(temperature=0.0, stop=("<|im_end|>",)))
    finally:
        backend._model.lm_head.weight.data[end, 0] = 0.0
    assert (found.text, found.finish, found.token_ids) == ("", "stop", (end,))


def test_a_prompt_that_does_not_fit_is_one_failed_request(backend: Any) -> None:
    requests = [*ask(2), GenerationRequest("long", "two " * 3000, 1)]
    found = by_id(list(backend.generate(requests, SAMPLING)))
    assert found["long"].finish == "error"
    assert found["long"].problem.endswith("tokens, the model reads 1024")
    assert {found["r0"].finish, found["r1"].finish} <= {"stop", "length"}


def test_the_context_of_the_model_is_a_limit(backend: Any) -> None:
    prompt = GenerationRequest("a", "two " * 250, 1)
    n = len(backend.tokenizer()(prompt.prompt)["input_ids"])
    greedy = SamplingParams(temperature=0.0, max_tokens=5_000)
    (found,) = backend.generate([prompt], greedy)
    assert found.finish == "stop" or (found.finish, found.n_tokens) == ("length", 1024 - n)


def test_running_out_of_memory_is_one_sentence(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(backend._model, "generate", full)
    with pytest.raises(BackendError, match=r"memory ran out with 2 rows at once; .* --option batch_size=3"):
        list(backend.generate(ask(2), SAMPLING))


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("./none", {}, r"no model is in ./none: there is no such folder"),
        ("{empty}", {}, r"no model could be loaded from .*; give a folder with"),
        ("{tiny}", {"device": "cuda:9"}, r"the device 'cuda:9' is not usable here"),
    ],
)
def test_what_cannot_be_loaded_is_said(
    tiny_model: Path, tmp_path: Path, model: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BackendError, match=message) as caught:
        connect("transformers", model.format(empty=tmp_path, tiny=tiny_model), **options)
    assert "\n" not in str(caught.value)


def test_mistaken_options_are_said(tiny_model: Path) -> None:
    with pytest.raises(InputError, match="dtype 'float99' is none of torch's"):
        connect("transformers", str(tiny_model), dtype="float99")
    with pytest.raises(InputError, match="batch_size 0: at least one row"):
        connect("transformers", str(tiny_model), batch_size=0)


def test_the_figure_of_surprisal_is_finite(backend: Any) -> None:
    (found,) = backend.generate(ask(1), SamplingParams(max_tokens=8, logprobs=2))
    assert all(math.isfinite(x) for x in found.logprobs.drawn)


def test_until_a_ban_bites_the_text_is_the_same(backend: Any) -> None:
    wa = ids_of(backend, "wa")
    plain = by_id(list(backend.generate(ask(24), SAMPLING)))
    banned = by_id(list(backend.generate(ask(24, StubBan(ids=wa)), SAMPLING)))
    bitten = 0
    for name, without in plain.items():
        bites = [i for i, token in enumerate(without.token_ids) if token in wa]
        same = bites[0] if bites else len(without.token_ids)
        assert banned[name].token_ids[:same] == without.token_ids[:same]
        bitten += bool(bites)
    assert bitten > 6
