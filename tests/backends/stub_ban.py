"""A ban that is simple enough to be obviously right, for tests of backends without `reasonlens.bans`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StubBan:
    """Words, or single tokens of a tokenizer, never to be written."""

    words: tuple[str, ...] = ("wait",)
    ids: tuple[int, ...] = ()
    carriers: tuple[str, ...] = ("processor", "words")
    name: str = "no wait"
    digest: str = "d1"
    processor_path: str = "tests.backends.stub_ban:Nothing"

    def vllm_arguments(self) -> dict[str, Any]:
        return {"reasonlens_ban": json.dumps({"words": list(self.words)})}

    def hf_processor(self, prompt_ids: list[list[int]], seeds: Sequence[int] | None = None) -> Any:
        rows = len(prompt_ids)

        def block(input_ids: Any, scores: Any) -> Any:
            assert len(input_ids) == len(scores) == rows == len(seeds or [])
            scores[:, list(self.ids)] = -float("inf")
            return scores

        return block

    def bad_words(self) -> list[str]:
        return list(self.words)

    def logit_bias(self) -> dict[int, float]:
        return dict.fromkeys(self.ids, -100.0)
