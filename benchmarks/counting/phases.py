"""Where the kernel's time goes: passes by subtraction, and what files add."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from corpus import HERE, MEGA, bytes_of, corpus, seconds
from end_to_end import rows
from files import write
from to_parquet import CHUNK

from reasonlens.lexicon import count, definition
from reasonlens.lexicon.kernel import choice, program
from reasonlens.lexicon.lines import PARQUET, SCHEMA, count_lines
from reasonlens.lexicon.model import Lexicon
from reasonlens.lexicon.pieces import pieces
from reasonlens.lexicon.plan import plan_of


def only(lexicon: Lexicon, keep: Callable[[str], bool]) -> Lexicon:
    """Return `lexicon` with the entries to keep."""
    categories = tuple(
        dataclasses.replace(c, entries=tuple(e for e in c.entries if keep(e.text)))
        for c in lexicon.categories
    )
    return dataclasses.replace(lexicon, categories=categories)


def in_memory(lexicon: Lexicon, texts: list[str], rounds: int) -> list[dict[str, Any]]:
    """Return what each pass takes, as the difference of runs with fewer and with more of them."""
    column = pa.chunked_array([pa.array(texts, pa.large_string())])
    table = pa.table({"trace_id": [""] * len(texts), "response": column})
    plans = [plan_of(()), *(plan_of((only(lexicon, keep),)) for keep in (str.isalpha, lambda _: True))]
    works: dict[str, Callable[[], Any]] = {
        "bytes to tokens and words (passes 1 to 3)": lambda: program.count(column, plans[0]),
        "tokens to codes to counts, single words (passes 4, 5)": lambda: program.count(column, plans[1]),
        "phrases and literal text (pass 5)": lambda: program.count(column, plans[2]),
        "Arrow table": lambda: count.count_table(table, [lexicon]),
    }
    found = program.count(column, plans[0])
    assert found is not None
    return differences(works, int(found.n_words.sum()), bytes_of(texts) / MEGA, rounds)


def from_file(lexicon: Lexicon, path: Path, rounds: int) -> list[dict[str, Any]]:
    """Return what a file adds: reading, unescaping JSON, and writing Parquet."""
    target = path.with_suffix(".parquet")

    def read() -> None:
        with path.open("rb", buffering=0) as file:
            for _ in pieces(file.readinto, 2**19):
                pass

    def written() -> None:
        with pq.ParquetWriter(target, SCHEMA, **PARQUET) as out:
            for table in count_lines(path, [lexicon], chunk=CHUNK):
                out.write_table(table)

    works: dict[str, Callable[[], Any]] = {
        "reading": read,
        "JSON to text, and passes 1 to 3": lambda: list(count_lines(path, [], chunk=CHUNK)),
        "passes 4 and 5": lambda: list(count_lines(path, [lexicon], chunk=CHUNK)),
        "writing Parquet": written,
    }
    n_words = sum(sum(table["n_words"].to_pylist()) for table in count_lines(path, []))
    return differences(works, n_words, path.stat().st_size / MEGA, rounds)


def differences(
    works: dict[str, Callable[[], Any]], n_words: int, size: float, rounds: int
) -> list[dict[str, Any]]:
    """Return the time of each work beyond the one before it: the least of several rounds."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds + 1):
        for name, work in works.items():
            best[name] = min(best[name], seconds(work))
    before, table = 0.0, []
    for name, spent in best.items():
        own = spent - before
        table.append(
            {
                "phase": name,
                "ns_per_word": round(own / n_words * 1e9, 2),
                "percent": round(100 * own / [*best.values()][-1], 1),
                "mb_per_s_so_far": round(size / spent),
            }
        )
        before = spent
    return table


def phases(size: float, rounds: int) -> dict[str, Any]:
    """Return both profiles, or nothing where the kernel was not built."""
    if choice.kernel() is None:
        return {}
    lexicon = definition.load(str(HERE / "dense.toml"))
    results = {"texts": in_memory(lexicon, corpus(size)[0], rounds)}
    with tempfile.TemporaryDirectory(prefix="reasonlens-bench-") as folder:
        path = Path(folder) / "x.jsonl"
        write(path, 2 * size, rows())
        results["file"] = from_file(lexicon, path, rounds)
    return results


def show(results: dict[str, Any]) -> None:
    """Print what `phases` returned."""
    for name, table in results.items():
        print(f"\nWhere the time goes, {name}\n")
        print(pd.DataFrame(table).to_string(index=False))
