"""Decode a few texts with and without a ban under Model Runner V2, and print what is in them as JSON.

Its kernel for top-p and top-k does not run in Triton's interpreter (it calls a method of an integer that is
one only when compiled), so they are done as vLLM does them where there is no Triton: with torch.
There is so little room for keys and values that requests are put back and taken up again.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from typing import Any

from tests.backends.tiny_model import LOOK_ALIKES, PHRASE, TARGETS

_CHOSEN = {
    "TRITON_INTERPRET": "1",
    "VLLM_USE_V2_MODEL_RUNNER": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
_TEXTS = 16
_BLOCK = 32  # tokens
_ROOM = 9 * 83_000  # bytes: about nine blocks, four texts of the full length


class _Driver:
    @staticmethod
    def is_active() -> bool:
        return True


class _Cpu:
    driver, compiler = _Driver, None


def _filter_with_torch() -> list[int]:
    """Return a list that grows with each step that is filtered."""
    from vllm.v1.sample.ops import topk_topp_sampler

    steps: list[int] = []
    filtered = topk_topp_sampler.apply_top_k_top_p_pytorch

    def counted(*given: Any, **options: Any) -> Any:
        steps.append(1)
        return filtered(*given, **options)

    topk_topp_sampler.HAS_TRITON = False
    topk_topp_sampler.apply_top_k_top_p_pytorch = counted
    return steps


def _crowd() -> list[str]:
    """Leave little room; return a list that grows with each request that is put back."""
    import vllm
    from vllm.v1.core.sched.scheduler import Scheduler

    found: list[str] = []
    put_back = Scheduler._preempt_request

    def noted(self: Any, request: Any, *rest: Any, **options: Any) -> Any:
        found.append(request.request_id)
        return put_back(self, request, *rest, **options)

    Scheduler._preempt_request = noted
    os.environ.pop("VLLM_CPU_KVCACHE_SPACE", None)  # it would win
    vllm.LLM = partial(vllm.LLM, block_size=_BLOCK, kv_cache_memory_bytes=_ROOM)
    return found


def _refusal(model: str) -> str:
    """Return what an engine with speculative decoding says to the processor of bans."""
    from vllm import LLM

    from tests.engines.conftest import PROCESSOR

    ngram = {"method": "ngram", "num_speculative_tokens": 3, "prompt_lookup_max": 3}
    try:
        LLM(
            model,
            dtype="float32",
            enforce_eager=True,
            speculative_config=ngram,
            logits_processors=[PROCESSOR],
        )
    except ValueError as error:
        return str(error)
    return ""


def _in_phases(engine: Any, texts: int) -> dict[str, list[int]]:
    """Return how many banned words stand within a phase and after it, for each phase, in one batch."""
    from reasonlens.backends import GenerationRequest
    from reasonlens.bans import Ban
    from tests.bans import soft_body as soft

    bans = [
        Ban(TARGETS, phase="reasoning").bind(engine.tokenizer()),
        Ban(TARGETS, phase="first_quarter", max_tokens=soft.SOFT.max_tokens).bind(engine.tokenizer()),
    ]
    asked = [GenerationRequest(f"{i}", soft.PROMPT, i, bans[i % 2]) for i in range(2 * texts)]
    found = {int(c.request_id): c for c in engine.generate(asked, soft.SOFT)}
    one = soft.parts([found[i] for i in range(0, 2 * texts, 2)])
    two = soft.quarters(engine, [found[i] for i in range(1, 2 * texts, 2)], soft.SOFT.max_tokens // 4)
    return {"reasoning": [soft.hits(part) for part in one], "quarter": [soft.hits(part) for part in two]}


def main(model: str) -> dict[str, Any]:
    """Return counts of texts, of steps, and of words."""
    os.environ.update(_CHOSEN)
    from triton.backends import backends

    backends["cpu"] = _Cpu  # else vLLM takes Triton for absent
    from reasonlens.backends import SamplingParams, connect
    from reasonlens.bans import Ban, _device_rows
    from tests.engines import test_vllm_bans as body

    refusal = _refusal(model)
    filtered, put_back = _filter_with_torch(), _crowd()
    steps, apply = [], _device_rows.DeviceRows.apply

    def counted(self: Any, *given: Any) -> Any:
        steps.append(1)
        return apply(self, *given)

    _device_rows.DeviceRows.apply = counted  # type: ignore[method-assign]
    body.SETTINGS = (  # type: ignore[assignment]
        SamplingParams(top_p=0.95, max_tokens=40),
        SamplingParams(top_p=0.95, top_k=200, temperature=1.5, max_tokens=40),
    )
    settings = {"dtype": "float32", "max_num_seqs": 32, "max_model_len": 128, "processors": [body.PROCESSOR]}
    engine = connect("vllm", model, **settings)
    words = (*TARGETS, PHRASE)
    ban = Ban(name="no waiting", words=words).bind(engine.tokenizer())
    free, held = (body.draw(engine, each, _TEXTS) for each in (None, ban))
    return {
        "steps": len(steps),
        "filtered": len(filtered),
        "put_back": len(put_back),
        "refusal": refusal,
        "phases": _in_phases(engine, _TEXTS),
        "texts": [len(free), len(held)],
        "free": body.count(words, free),
        "banned": body.count(words, held),
        "alike": body.count(LOOK_ALIKES, held),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])), flush=True)
