"""Speed of counting model tokens: by pieces against the tokenizer itself, with the same counts.

``python benchmarks/counting/tokens.py PATH`` takes a tokenizer.json of a published model (none is shipped).
The texts come in parts, all different. Both programs count each batch in turn: what earlier parts left is
remembered; once more, so that nothing in it is new; and with all forgotten before each part.
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


class Both:
    """Counting by pieces, and a tokenizer of its own to be compared with: neither fills the other's cache."""

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        cut, self._own = Tokenizer.from_file(str(path)), Tokenizer.from_file(str(path))
        if not can_be_cut(cut):
            raise SystemExit(f"{path}: not a tokenizer that is counted by pieces")
        self._pieces = Pieces(cut)

    def count(self, texts: list[str]) -> tuple[int, float, float]:
        """Return the tokens of `texts`, and the seconds that each of both took."""
        tokens, ours_s, own_s = 0, 0.0, 0.0
        for start in range(0, len(texts), BATCH):
            batch, ours, own = texts[start : start + BATCH], [], []
            ours_s += seconds(lambda batch=batch, to=ours: to.extend(self._pieces.count(batch)))
            own_s += seconds(lambda batch=batch, to=own: to.extend(self._lengths(batch)))
            if ours != own:
                raise SystemExit("the counts differ from the tokenizer's own")
            tokens += sum(own)
        return tokens, ours_s, own_s

    def _lengths(self, batch: list[str]) -> list[int]:
        return list(map(len, self._own.encode_batch_fast(batch, add_special_tokens=False)))


def measure(path: Path, size: float) -> list[dict[str, Any]]:
    """Return the speeds for each part, in MB of text per processor second."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    texts, remembering = corpus(size)[0], Both(path)
    Both(path).count(["Imports are not in the time."])
    table = []
    for number in range(PARTS):
        part = texts[number::PARTS]
        mb = bytes_of(part) / MEGA
        tokens, ours_s, own_s = remembering.count(part)
        _, again_s, own_again_s = remembering.count(part)
        _, first_s, own_first_s = Both(path).count(part)
        table.append(
            {
                "part": number + 1,
                "mb": round(mb, 1),
                "tokens": tokens,
                "mb_per_s": round(mb / ours_s, 1),
                "tokenizer_mb_per_s": round(mb / own_s, 2),
                "ours_is_faster_by": round(own_s / ours_s, 1),
                "nothing_remembered_faster_by": round(own_first_s / first_s, 1),
                "same_text_again_faster_by": round(own_again_s / again_s, 1),
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
