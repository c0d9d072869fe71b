"""A small made-up set of counted traces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

ENTRIES = {
    0: ("demo", "doubt", "wait"),
    1: ("demo", "doubt", "hmm"),
    2: ("demo", "formal", "define"),
    5: ("other", "doubt", "maybe"),
}

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("trace_id", "dataset", "problem_id", "model", "model_kind")),
        ("condition", pa.string()),
        ("health", pa.list_(pa.string())),
        ("n_model_tokens", pa.int64()),
        ("n_words", pa.int64()),
        ("n_chars", pa.int64()),
        ("entry", pa.list_(pa.int32())),
        ("n", pa.list_(pa.int32())),
    ]
)


def make_rows(seed: int = 3, problems: int = 12, samples: int = 3) -> list[dict[str, Any]]:
    """Traces of three kinds on two data sets; the teacher has half of the problems."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    strength = {"base": 0.8, "distilled": 3.0, "teacher": 2.0}
    for dataset in ("aime", "math"):
        for problem in range(problems):
            for kind, mean in strength.items():
                for sample in range(samples):
                    if kind == "teacher" and (problem % 2 or dataset == "math"):
                        continue
                    counts = rng.poisson([mean, mean / 2, 0.5, 0.0])
                    flags = ["looping"] if kind == "distilled" and rng.random() < 0.2 else []
                    flags += ["empty"] if sample == 0 and rng.random() < 0.2 else []
                    rows.append(
                        {
                            "trace_id": f"t{len(rows)}",
                            "dataset": dataset,
                            "problem_id": f"{problem}",
                            "model": f"{kind}-{sample % 2}",
                            "model_kind": kind,
                            "condition": "ban" if sample == 2 and kind == "base" else "baseline",
                            "health": flags,
                            "n_model_tokens": None if dataset == "math" else int(rng.integers(100, 900)),
                            "n_words": int(rng.integers(50, 500)),
                            "n_chars": int(rng.integers(200, 2000)),
                            "entry": [i for i, c in zip(ENTRIES, counts, strict=True) if c],
                            "n": [int(c) for c in counts if c],
                        }
                    )
    return rows


@pytest.fixture(scope="session")
def rows() -> list[dict[str, Any]]:
    return make_rows()


@pytest.fixture(scope="session")
def counted(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


@pytest.fixture(scope="session")
def index() -> pa.Table:
    lexicon, category, entry = zip(*ENTRIES.values(), strict=True)
    return pa.table(
        {
            "entry_id": pa.array(list(ENTRIES), pa.int32()),
            "lexicon": pa.array(lexicon).dictionary_encode(),
            "category": list(category),
            "entry": list(entry),
        }
    )
