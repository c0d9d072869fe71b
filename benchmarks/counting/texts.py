"""Counting speed on texts in memory, against what is usually written for the job, on one core.

Rounds are interleaved, the clock is processor time, and each program gets as much of the same
shuffled corpus as its speed allows.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from corpus import HERE, MEGA, ROOT, bytes_of, corpus, first, fresh, machine, seconds

from reasonlens.lexicon import count, definition
from reasonlens.lexicon.kernel import choice
from reasonlens.lexicon.model import Lexicon


@dataclass(frozen=True)
class Program:
    """A way to count: its name, how many million bytes of text it gets, and what it does with them."""

    name: str
    size: float
    counts: str
    prepare: Callable[[list[str]], Callable[[], Any]]


def ours(lexicon: Lexicon) -> Callable[[list[str]], Callable[[], Any]]:
    """Count with `reasonlens.lexicon.count.count_table`, 500 traces at a time as `reasonlens tokens` does."""

    def prepare(texts: list[str]) -> Callable[[], Any]:
        ids = [str(i) for i in range(len(texts))]
        whole = pa.table({"trace_id": ids, "response": pa.array(texts, pa.large_string())})
        tables = [whole.slice(i, 500) for i in range(0, len(texts), 500)]
        return lambda: [count.count_table(part, [lexicon]) for part in tables]

    return prepare


def with_numpy(lexicon: Lexicon) -> Callable[[list[str]], Callable[[], Any]]:
    """Do the same without the compiled kernel."""

    def prepare(texts: list[str]) -> Callable[[], Any]:
        work = ours(lexicon)(texts)

        def forced() -> Any:
            os.environ[choice.VARIABLE] = "numpy"
            try:
                return work()
            finally:
                del os.environ[choice.VARIABLE]

        return forced

    return prepare


def spacy_matcher(lexicon: Lexicon) -> Callable[[list[str]], Callable[[], Any]]:
    """Count with a blank English pipeline and ``PhraseMatcher(attr="LOWER")``."""
    spacy = import_module("spacy")
    nlp = spacy.blank("en")
    nlp.max_length = 10**9
    matcher = import_module("spacy.matcher").PhraseMatcher(nlp.vocab, attr="LOWER")
    for category in lexicon.categories:
        matcher.add(category.name, [nlp.make_doc(entry.text) for entry in category.entries])

    def work(texts: list[str]) -> list[Counter[str]]:
        return [Counter(nlp.vocab.strings[key] for key, _, _ in matcher(doc)) for doc in nlp.pipe(texts)]

    return lambda texts: lambda: work(texts)


def pandas_re(lexicon: Lexicon) -> Callable[[list[str]], Callable[[], Any]]:
    """Count with pandas and one case-blind alternation per category, the longest entry first."""
    patterns = {
        category.name: re.compile(
            r"(?<!\w)(?:"
            + "|".join(sorted((re.escape(e.text) for e in category.entries), key=len, reverse=True))
            + r")(?!\w)",
            re.IGNORECASE,
        )
        for category in lexicon.categories
    }

    def work(series: Any) -> pd.DataFrame:
        return pd.DataFrame({name: series.str.count(pattern) for name, pattern in patterns.items()})

    return lambda texts: lambda: work(pd.Series(texts, dtype=object))


def ripgrep(lexicon: Lexicon, folder: Path) -> Callable[[list[str]], Callable[[], Any]]:
    """Count with ``rg --count-matches``: one number for the whole corpus."""
    entries = folder / "entries.txt"
    entries.write_text("\n".join(e.text.rstrip("*") for c in lexicon.categories for e in c.entries) + "\n")
    command = ["rg", "--count-matches", "-i", "-w", "-F", "-j1", "-f", str(entries)]

    def prepare(texts: list[str]) -> Callable[[], Any]:
        path = folder / "corpus.txt"
        path.write_text("\n".join(texts), encoding="utf-8")
        return lambda: subprocess.run([*command, str(path)], check=True, capture_output=True).stdout

    return prepare


def measure(programs: list[Program], texts: list[str], rounds: int) -> list[dict[str, Any]]:
    """Return the speed of each program in every round, in MB per processor second."""
    speeds: dict[str, list[float]] = {program.name: [] for program in programs}
    sizes: dict[str, float] = {}
    for number in range(rounds):
        for program in programs:
            part = fresh(texts, program.size, number)
            if not number:
                program.prepare(part[:20])()  # builds tables
            work = program.prepare(part)
            sizes[program.name] = bytes_of(part) / MEGA
            speeds[program.name].append(sizes[program.name] / seconds(work))
    base = statistics.median(speeds[programs[0].name])
    return [
        {
            "program": program.name,
            "counts": program.counts,
            "mb": round(sizes[program.name], 2),
            "mb_per_s": round(statistics.median(speeds[program.name]), 2),
            "lowest": round(min(speeds[program.name]), 2),
            "highest": round(max(speeds[program.name]), 2),
            "ours_is_faster_by": round(base / statistics.median(speeds[program.name]), 2),
        }
        for program in programs
    ]


def check(lexicon: Lexicon, texts: list[str]) -> str:
    """Compare our counts with the slow reference of the tests, entry by entry and text by text."""
    sys.path.insert(0, str(ROOT))
    try:
        oracle = import_module("tests.oracles.match_oracle")
    except ModuleNotFoundError:
        return "not compared: tests/oracles is not here"
    prepared = oracle.prepare(lexicon.categories, lexicon.rule)
    whole = pa.table({"trace_id": [str(i) for i in range(len(texts))], "response": texts})
    counted = count.count_table(whole, [lexicon]).to_pylist()
    wrong = 0
    for text, row in zip(texts, counted, strict=True):
        expected = Counter(hit.entry for hit in oracle.hits(text, prepared, lexicon.rule))
        wrong += dict(zip(row["entry"], row["n"], strict=True)) != dict(sorted(expected.items()))
    if wrong:
        raise SystemExit(f"{wrong} of {len(texts)} texts are counted differently by the reference")
    return f"{len(texts)} texts ({bytes_of(texts) / MEGA:.1f} MB), no difference"


def density(lexicon: Lexicon, texts: list[str]) -> dict[str, float]:
    """Return how many entries the list has and how often they hit."""
    counted = count.count_table(pa.table({"trace_id": [""] * len(texts), "response": texts}), [lexicon])
    hits = sum(sum(n) for n in counted["n"].to_pylist())
    return {
        "entries": len(count.entry_index([lexicon])),
        "categories": len(lexicon.categories),
        "hits_per_100_words": round(100 * hits / sum(counted["n_words"].to_pylist()), 1),
        "hits_per_mb": round(hits / bytes_of(texts) * MEGA),
    }


def counting(size: float, rounds: int) -> dict[str, Any]:
    """Return the speed of every program on `size` million bytes of text in memory."""
    lexicon = definition.load(str(HERE / "dense.toml"))
    texts, what = corpus(size)
    results: dict[str, Any] = {"machine": machine(), "corpus": what, "rounds": rounds}
    results["lexicon"] = density(lexicon, texts)
    results["reference"] = check(lexicon, first(texts, 1))
    with tempfile.TemporaryDirectory(prefix="reasonlens-bench-") as folder:
        each = "each entry per trace, and words"
        programs = [Program("reasonlens", size, each, ours(lexicon))]
        if choice.kernel() is not None:
            programs.append(Program("reasonlens, NumPy alone", size / 4, each, with_numpy(lexicon)))
        programs.append(Program("pandas and re", size / 40, "each category per trace", pandas_re(lexicon)))
        try:
            matcher = spacy_matcher(lexicon)
            results["machine"]["spacy"] = metadata.version("spacy")
            programs.append(Program("spaCy PhraseMatcher", size / 20, "each category per trace", matcher))
        except ModuleNotFoundError:
            print("spaCy is not installed, so it is left out")
        if shutil.which("rg"):
            results["machine"]["ripgrep"] = subprocess.check_output(["rg", "--version"], text=True).split()[1]
            made = ripgrep(lexicon, Path(folder))
            programs.append(Program("rg --count-matches", size / 2, "one number for all", made))
        else:
            print("ripgrep (rg) is not installed, so it is left out")
        results["programs"] = measure(programs, texts, rounds)
    return results


def show(results: dict[str, Any]) -> None:
    """Print what `counting` returned."""
    print(f"\nTexts in memory: {results['corpus']}; {results['lexicon']}")
    print(f"Against the reference: {results['reference']}\n")
    columns = ["program", "mb", "mb_per_s", "lowest", "highest", "ours_is_faster_by", "counts"]
    print(pd.DataFrame(results["programs"])[columns].to_string(index=False))
