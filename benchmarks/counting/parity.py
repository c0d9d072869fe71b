"""Compare every engine with the slow oracle on every real trace: words, counts and places of hits.

Run from the repository: ``python benchmarks/counting/parity.py ../shared/data/traces``. The default
lexicon and one made of everything that is hard (prefixes, phrases in phrases, hyphens, apostrophes,
literal punctuation, Han) are compared on each text: the compiled kernel, if it was built, and NumPy with the
oracle, and `count_lines` on the files' own bytes with `count_table`. Exit status 1 if anything differs.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from reasonlens.lexicon import definition
from reasonlens.lexicon.count import count_table, entry_index, match_table
from reasonlens.lexicon.kernel import choice
from reasonlens.lexicon.lines import count_lines
from reasonlens.lexicon.model import Category, Entry, Lexicon, Rule, digest_of
from tests.oracles import match_oracle, words_oracle

Place = tuple[str, int, int, int]
"""Lexicon, entry (numbered within it), start, end."""

_BATCH = 100

_NASTY = {
    "phrases": "so that|that|so|so far|so f*|the sum of|sum of the|of the|let's|let me|can't|we can|we can't",
    "prefixes": "w*|wa*|wait|th*|the*|there*|double-ch*|in* the|i*|calc* the",
    "hyphens": "double-check|check|double|double check|non-|x-axis|axis|re-|two-digit|one-",
    "literals": "wait,|wait.|e.g.|i.e.|step 1:|**step|(a)|$x|x =|= 1|n't|'s|answer:|therefore,|okay, so",
    "other": "等等|等|一下|wait一下|é*|2|10|x|x_1|n|\u03b1|\u03c0|\u00b2|1/2|3.14",
}


@dataclass
class Tally:
    """What was compared, and how often the two differed."""

    texts: int = 0
    lines: int = 0
    characters: int = 0
    words: int = 0
    hits: int = 0
    differences: int = 0


def nasty() -> Lexicon:
    """Return a lexicon of what is hard to match."""
    categories = tuple(
        Category(name, name, tuple(Entry(text) for text in entries.split("|")))
        for name, entries in _NASTY.items()
    )
    rule = Rule()
    return Lexicon(
        "nasty", "1", "Hard to match", "user", "", "", rule, categories, digest_of(rule, categories), None
    )


def texts(folder: Path) -> Iterator[str]:
    """Yield the responses of every file."""
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["response"] or ""


def compare(batch: list[str], lexicons: list[Lexicon], engines: list[str], tally: Tally) -> None:
    """Add `batch` to the tally."""
    ids = [str(number) for number in range(len(batch))]
    traces = pa.table({"trace_id": pa.array(ids), "response": pa.array(batch, pa.string())})
    wanted = [_expected(text, lexicons) for text in batch]
    n_words = [words_oracle.word_count(text) for text in batch]
    tally.texts += len(batch)
    tally.characters += sum(map(len, batch))
    tally.words += sum(n_words)
    tally.hits += sum(map(len, wanted))
    for engine in engines:
        os.environ[choice.VARIABLE] = engine
        tally.differences += _differences(traces, lexicons, wanted, n_words)


def _differences(
    traces: pa.Table, lexicons: list[Lexicon], wanted: list[list[Place]], n_words: list[int]
) -> int:
    found: list[list[Place]] = [[] for _ in wanted]
    numbers, offsets, differences = _numbers(lexicons), _offsets(lexicons), 0
    for row in match_table(traces, lexicons).to_pylist():
        key = numbers[row["lexicon"], row["category"], row["entry"]]
        found[int(row["trace_id"])].append((row["lexicon"], key, row["start"], row["end"]))
    rows = count_table(traces, lexicons).to_pylist()
    for row, places, expected, words in zip(rows, found, wanted, n_words, strict=True):
        counts = Counter(offsets[name] + entry for name, entry, _, _ in expected)
        got = dict(zip(row["entry"], row["n"], strict=True))
        differences += len(set(places) ^ set(expected)) + (words != row["n_words"]) + (got != counts)
    return differences


def different_lines(path: Path, lexicons: list[Lexicon]) -> tuple[int, int]:
    """Return of how many lines of a packed file `count_lines` gives another row than `count_table`."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        with gzip.open(path) as packed:
            shutil.copyfileobj(packed, file)
        file.flush()
        lines = pa.concat_tables(count_lines(Path(file.name), lexicons))
    with gzip.open(path, "rt", encoding="utf-8") as packed:
        texts = [json.loads(line)["response"] for line in packed]
    traces = pa.table({"trace_id": [""] * len(texts), "response": pa.array(texts, pa.large_string())})
    counted = count_table(traces, lexicons)
    names = ["n_chars", "n_words", "entry", "n"]
    if lines.select(names).equals(counted.select(names)) and lines["problem"].null_count == len(texts):
        return 0, len(texts)
    pairs = zip(lines.to_pylist(), counted.to_pylist(), strict=True)
    return sum(any(line[name] != row[name] for name in names) for line, row in pairs), len(texts)


def _expected(text: str, lexicons: list[Lexicon]) -> list[Place]:
    prepared = {lexicon.name: _prepared(lexicon) for lexicon in lexicons}
    return [
        (lexicon.name, hit.entry, hit.start, hit.end)
        for lexicon in lexicons
        for hit in match_oracle.hits(text, prepared[lexicon.name], lexicon.rule)
    ]


@cache
def _prepared(lexicon: Lexicon) -> dict[str, list[match_oracle.Prepared]]:
    return match_oracle.prepare(lexicon.categories, lexicon.rule)


def _offsets(lexicons: list[Lexicon]) -> dict[str, int]:
    """Return for each lexicon the number of its first entry."""
    first: dict[str, int] = {}
    for number, name in enumerate(entry_index(lexicons)["lexicon"].to_pylist()):
        first.setdefault(name, number)
    return first


def _numbers(lexicons: list[Lexicon]) -> dict[tuple[str, str, str], int]:
    return {
        (lexicon.name, category, entry): number
        for lexicon in lexicons
        for number, (category, entry) in enumerate(
            (category.name, entry.text) for category in lexicon.categories for entry in category.entries
        )
    }


def main(folder: str) -> int:
    """Compare all texts of a folder; return the exit status."""
    lexicons, tally, batch = [definition.load("flexible_reasoning"), nasty()], Tally(), []
    engines = ["numpy"] if choice.kernel() is None else ["kernel", "numpy"]
    for path in sorted(Path(folder).glob("*.jsonl.gz")):
        differing, n_lines = different_lines(path, lexicons)
        tally.lines += n_lines
        tally.differences += differing
    for text in texts(Path(folder)):
        batch.append(text)
        if len(batch) == _BATCH:
            compare(batch, lexicons, engines, tally)
            batch = []
    if batch:
        compare(batch, lexicons, engines, tally)
    print(
        f"{' and '.join(engines)}: {tally.texts:,} texts, {tally.lines:,} lines, {tally.characters:,} "
        f"characters, {tally.words:,} words, {tally.hits:,} hits: {tally.differences} differences"
    )
    return 1 if tally.differences or not tally.texts else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {Path(sys.argv[0]).name} FOLDER_OF_TRACES")
    sys.exit(main(sys.argv[1]))
