"""What a ban costs while decoding: processor time under bans, as ratios to none, round by round.

The model is the tiny one of the tests, so the model itself costs next to nothing and the ratios are an
upper bound on what a real model would show. With ``--rows 151936`` it has as many logits per step as
Qwen2.5.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")

from reasonlens.backends import GenerationRequest, SamplingParams, connect  # noqa: E402
from reasonlens.bans import Ban  # noqa: E402
from tests.backends.tiny_model import PHRASE, TARGETS, make_model  # noqa: E402

MORE = ("hmm", "maybe", "however", "actually", "again", "check", "think", "verify", "reconsider", "instead")
PROCESSOR = "reasonlens.bans.vllm_processor:BanProcessor"


def bans(tokenizer: Any) -> dict[str, Any]:
    """Return what is compared, by name."""
    few, many = (*TARGETS, PHRASE), (*TARGETS, PHRASE, *MORE)
    return {
        "none": None,
        "never used": Ban(name="never used", words=("xylophone",)).bind(tokenizer),
        f"{len(few)} items": Ban(name="few", words=few).bind(tokenizer),
        f"{len(many)} items": Ban(name="many", words=many).bind(tokenizer),
    }


def rate(backend: Any, ban: Any, n: int, tokens: int, first: int) -> float:
    """Return tokens per processor second of one run; no text ends by itself, so all do the same work."""
    requests = [GenerationRequest(str(i), "Find x. ", first + i, ban) for i in range(n)]
    start = time.process_time()
    drawn = sum(
        c.n_tokens or 0 for c in backend.generate(requests, SamplingParams(top_p=1.0, max_tokens=tokens))
    )
    return drawn / (time.process_time() - start)


def measure(backend: Any, rounds: int, n: int, tokens: int) -> dict[str, Any]:
    """Return medians of tokens per processor second and of the ratio to none in the same round."""
    compared = bans(backend.tokenizer())
    for ban in compared.values():  # tables are compiled before anything is timed
        rate(backend, ban, 4, 8, 0)
    seen: dict[str, list[float]] = {name: [] for name in compared}
    for number in range(rounds):
        for name, ban in compared.items():
            seen[name].append(rate(backend, ban, n, tokens, 1000 * number))
    ratios = {
        name: [none / each for each, none in zip(rates, seen["none"], strict=True)]
        for name, rates in seen.items()
    }
    return {
        name: {
            "tokens_per_cpu_second": round(statistics.median(rates)),
            "time_as_ratio_to_none": round(statistics.median(ratios[name]), 2),
            "least": round(min(ratios[name]), 2),
            "most": round(max(ratios[name]), 2),
        }
        for name, rates in seen.items()
    }


def main() -> None:
    """Measure one backend and add it to the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=["transformers", "vllm"], default="transformers")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rows", type=int, default=0, help="logits per step (0: those of the tokenizer)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.json"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = make_model(Path(folder) / "tiny", length=10**6, rows=given.rows or None)
        options: dict[str, Any] = {"batch_size": given.batch}
        if given.backend == "vllm":
            options = {"max_num_seqs": given.batch, "max_model_len": 1024, "processors": [PROCESSOR]}
        else:
            import torch

            torch.set_num_threads(1)
        backend = connect(given.backend, str(model), dtype="float32", **options)
        found = measure(backend, given.rounds, given.requests, given.tokens)
        rows = given.rows or "own"
        backend.close()
    results = json.loads(given.out.read_text()) if given.out.exists() else {}
    results[f"{given.backend}, batch {given.batch}, {rows} rows"] = {
        "found": found,
        "rounds": given.rounds,
        "requests": given.requests,
        "tokens": given.tokens,
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }
    given.out.write_text(json.dumps(results, indent=1) + "\n")
    for name, each in found.items():
        print(
            f"{name:<12} {each['tokens_per_cpu_second']:>7,} tokens/CPU s  x{each['time_as_ratio_to_none']} "
            f"({each['least']} to {each['most']})"
        )


if __name__ == "__main__":
    main()
