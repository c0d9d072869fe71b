"""Speed of counting model tokens: by pieces against the tokenizer itself, with the same counts.

``python benchmarks/counting/tokens.py PATH`` takes a tokenizer.json of a published model (none is shipped).
The texts come in four parts, all different: the first finds nothing remembered, the others what earlier
ones left.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import pandas as pd
from corpus import MEGA, bytes_of, corpus, keep, machine, seconds

from reasonlens.text.token_pieces import Pieces, can_be_cut

PARTS, BATCH = 4, 500


def measure(path: Path, size: float) -> list[dict[str, Any]]:
    """Return the speeds for each part, in MB of text per processor second."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    from tokenizers import Tokenizer

    backend = Tokenizer.from_file(str(path))
    if not can_be_cut(backend):
        raise SystemExit(f"{path}: not a tokenizer that is counted by pieces")
    texts, pieces = corpus(size)[0], Pieces(backend)
    table = []
    for number in range(PARTS):
        part = texts[number::PARTS]
        batches = [part[i : i + BATCH] for i in range(0, len(part), BATCH)]
        counts: dict[str, list[int]] = {"ours": [], "own": []}

        def ours(batches: list[list[str]] = batches, to: list[int] = counts["ours"]) -> None:
            for batch in batches:
                to += pieces.count(batch)

        def own(batches: list[list[str]] = batches, to: list[int] = counts["own"]) -> None:
            for batch in batches:
                to += map(len, backend.encode_batch_fast(batch, add_special_tokens=False))

        mb, ours_s, own_s = bytes_of(part) / MEGA, seconds(ours), seconds(own)
        if counts["ours"] != counts["own"]:
            raise SystemExit("the counts differ from the tokenizer's own")
        table.append(
            {
                "part": number + 1,
                "mb": round(mb, 1),
                "tokens": sum(counts["own"]),
                "mb_per_s": round(mb / ours_s, 1),
                "tokenizer_mb_per_s": round(mb / own_s, 2),
                "ours_is_faster_by": round(own_s / ours_s, 1),
            }
        )
    return table


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description="Counting model tokens against the tokenizer itself.")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--size", type=float, default=40.0, help="MB of text")
    options = parser.parse_args()
    table = measure(options.tokenizer, options.size)
    keep("tokens", {"machine": machine(), "parts": table})
    print(pd.DataFrame(table).to_string(index=False))


if __name__ == "__main__":
    main()
