"""How many texts without the banned words a ban leaves as they are, by top-p.

``python benchmarks/bans/placebo.py`` draws from the tiny model of the tests with and without a ban of words
that it writes in a tenth of its texts, and with words that it never writes, with the same seeds, and
writes ``placebo.json``. One minute on one core.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from reasonlens.backends import Backend, GenerationRequest, SamplingParams, connect  # noqa: E402
from reasonlens.bans import Ban  # noqa: E402
from tests.backends.tiny_model import make_model  # noqa: E402

N = 400
WRITTEN = ("value", "again", "there", "term", "answer", "number")
NEVER = ("xylophone", "quagmire", "zeppelin")


def drawn(engine: Backend, words: tuple[str, ...], sampling: SamplingParams) -> list[str]:
    """Return the texts of `N` requests, with `words` forbidden."""
    ban = Ban(words).bind(engine.tokenizer()) if words else None
    requests = [GenerationRequest(str(i), "Find x. ", i, ban) for i in range(N)]
    return [
        text.text for text in sorted(engine.generate(requests, sampling), key=lambda x: int(x.request_id))
    ]


def measured(engine: Backend, top_p: float, words: tuple[str, ...]) -> dict[str, Any]:
    """Return how many of the texts without `words` stay the same when `words` are banned."""
    sampling = SamplingParams(top_p=top_p, max_tokens=60)
    has = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)
    pairs = zip(drawn(engine, (), sampling), drawn(engine, words, sampling), strict=True)
    without = [(free, under) for free, under in pairs if not has.search(free)]
    same = sum(free == under for free, under in without)
    return {"top_p": top_p, "words": words, "texts": N, "without": len(without), "the same": same}


def main() -> None:
    """Measure, print and keep."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        model = make_model(Path(folder) / "model")
        engine = connect("transformers", str(model), batch_size=200, device="cpu")
        rows = [measured(engine, top_p, words) for words in (WRITTEN, NEVER) for top_p in (1.0, 0.95, 0.7)]
    for row in rows:
        print(row)
    (HERE / "placebo.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
