"""bespokelabs-curator as it is usually used, in its own environment: ``run.py --curator-python PATH``.

It keeps its answers in a file, without synchronization. What is taken off it: what it reports to its
makers, and the tokenizer of OpenAI, which it downloads at the start and then runs on every prompt; a quarter
of the characters stands for its tokens, so what is measured is less than what a user pays. It is spared the
paid question about a person by which it finds out whether a server keeps to a schema.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from typing import Any

os.environ |= {
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "TELEMETRY_ENABLED": "false",
}

from clients import MODEL, broken, measured, processor, texts


class Encoding:
    """Tokens without a tokenizer."""

    def encode(self, text: str, **_: Any) -> range:
        return range(len(text) // 4)


def curator(given: dict[str, Any]) -> dict[str, Any]:
    """Ask through ``curator.LLM`` with a schema, and let it write its answers and its table."""
    import pydantic
    import tiktoken

    tiktoken.get_encoding = lambda _: Encoding()
    from bespokelabs import curator as package

    class Measure(pydantic.BaseModel):
        length: int

    class Judge(package.LLM):
        response_format = Measure

        def prompt(self, row: dict[str, Any]) -> str:
            return str(row["text"])

        def parse(self, row: dict[str, Any], response: Any) -> dict[str, Any]:
            return {"length": response.length}

    limits = {
        "max_concurrent_requests": given["concurrency"],
        "max_requests_per_minute": 10_000_000,
        "max_tokens_per_minute": 10_000_000_000,
        "max_retries": 6,
        "request_timeout": int(given.get("timeout", 600)),
        "require_all_responses": False,
    }
    judge = Judge(
        model_name=MODEL,
        backend="openai",
        generation_params={"temperature": 0, "seed": 0},
        backend_params={"base_url": given["url"], "api_key": "none", **limits},
    )
    judge._request_processor.check_structured_output_support = lambda: True
    with tempfile.TemporaryDirectory() as folder:
        judge([{"text": "warm"}], working_dir=f"{folder}/warm")
        asked = texts(given)
        begun, used = time.perf_counter(), processor()
        found = judge([{"text": text} for text in asked], working_dir=f"{folder}/run").dataset
        report = measured(begun, used, len(asked))
        ok = sum(row["length"] is not None for row in found)
        return {**report, "ok": ok, "accounted": len(asked), "broken": broken(given)}


if __name__ == "__main__":
    print(json.dumps(curator(json.loads(sys.argv[1]))))
