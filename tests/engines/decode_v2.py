"""Decode a few texts with and without a ban under Model Runner V2, and print what is in them as JSON.

The sampling has neither top-p nor top-k: vLLM's kernel for these does not run in the interpreter.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from tests.backends.tiny_model import LOOK_ALIKES, PHRASE, TARGETS

_CHOSEN = {
    "TRITON_INTERPRET": "1",
    "VLLM_USE_V2_MODEL_RUNNER": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
_TEXTS = 16


class _Driver:
    @staticmethod
    def is_active() -> bool:
        return True


class _Cpu:
    driver, compiler = _Driver, None


def main(model: str) -> dict[str, Any]:
    """Return counts of texts, of steps, and of words."""
    os.environ.update(_CHOSEN)
    from triton.backends import backends

    backends["cpu"] = _Cpu  # else vLLM takes Triton for absent
    from reasonlens.backends import SamplingParams, connect
    from reasonlens.bans import Ban, _device_rows
    from tests.engines import test_vllm_bans as body

    steps, apply = [], _device_rows.DeviceRows.apply

    def counted(self: Any, *given: Any) -> Any:
        steps.append(1)
        return apply(self, *given)

    _device_rows.DeviceRows.apply = counted  # type: ignore[method-assign]
    body.SETTINGS = (  # type: ignore[assignment]
        SamplingParams(top_p=1.0, max_tokens=40),
        SamplingParams(top_p=1.0, temperature=1.5, max_tokens=40),
    )
    settings = {"dtype": "float32", "max_num_seqs": 32, "max_model_len": 1024, "processors": [body.PROCESSOR]}
    engine = connect("vllm", model, **settings)
    words = (*TARGETS, PHRASE)
    ban = Ban(name="no waiting", words=words).bind(engine.tokenizer())
    free, held = (body.draw(engine, each, _TEXTS) for each in (None, ban))
    return {
        "steps": len(steps),
        "texts": [len(free), len(held)],
        "free": body.count(words, free),
        "banned": body.count(words, held),
        "alike": body.count(LOOK_ALIKES, held),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])), flush=True)
