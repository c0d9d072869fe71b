"""Counting speed against what is usually written for the job, in one run on one core.

Run it with ``make bench``, or ``python benchmarks/counting/run.py``: it prints a table and writes
``results.json`` beside itself. Rounds are interleaved, the clock is processor time, and each
program gets as much of the same shuffled corpus as its speed allows (README.md has more).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from reasonlens import sample
from reasonlens.lexicon import count, definition
from reasonlens.lexicon.model import Lexicon

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHARED = ROOT.parent / "shared" / "data" / "traces"
SEED = 7
MEGA = 1_000_000


@dataclass(frozen=True)
class Program:
    """A way to count: its name, how many million bytes of text it gets, and what it does with them."""

    name: str
    size: float
    counts: str
    prepare: Callable[[list[str]], Callable[[], Any]]


def corpus(size: float) -> tuple[list[str], str]:
    """Return texts of `size` million bytes, shuffled, and what they are."""
    if SHARED.is_dir():
        files, what = sorted(SHARED.glob("*.jsonl.gz")), "published traces"
    else:
        files, what = [sample.path()], "the bundled sample"
    texts: list[str] = []
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open() as lines:
            texts += [json.loads(line)["response"] for line in lines]
    once = bytes_of(texts)
    random.Random(SEED).shuffle(texts)
    times = int(-(-size * MEGA // once))
    return first(texts * times, size), f"{what}, {once / MEGA:.1f} MB, {times} times over"


def bytes_of(texts: list[str]) -> int:
    """Return the size of `texts` in UTF-8."""
    return sum(len(text.encode()) for text in texts)


def first(texts: list[str], size: float) -> list[str]:
    """Return the first texts that have `size` million bytes together."""
    total = 0
    for i, text in enumerate(texts):
        total += len(text.encode())
        if total >= size * MEGA:
            return texts[: i + 1]
    return texts


def fresh(texts: list[str], size: float, number: int) -> list[str]:
    """Return text for one round that no earlier round had, as long as the corpus lasts.

    Text that was counted before would find the caches of a tokenizer filled with its own words.
    """
    stretch = len(first(texts, size))
    start = number * stretch % max(1, len(texts) - stretch + 1)
    return first(texts[start:], size)


def ours(lexicon: Lexicon) -> Callable[[list[str]], Callable[[], Any]]:
    """Count with `reasonlens.lexicon.count.count_table`, 500 traces at a time as `reasonlens tokens` does."""

    def prepare(texts: list[str]) -> Callable[[], Any]:
        ids = [str(i) for i in range(len(texts))]
        whole = pa.table({"trace_id": ids, "response": pa.array(texts, pa.large_string())})
        tables = [whole.slice(i, 500) for i in range(0, len(texts), 500)]
        return lambda: [count.count_table(part, [lexicon]) for part in tables]

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


def seconds(work: Callable[[], Any]) -> float:
    """Return the processor time that `work` took, here and in processes that it started."""

    def now() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    begin = now()
    work()
    return now() - begin


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


def machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    found = {name: metadata.version(name) for name in ("numpy", "pyarrow", "pandas", "orjson")}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **found,
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description="Counting speed against peers, in one run.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=float, default=40.0, help="MB of text for the fast programs")
    options = parser.parse_args()
    lexicon = definition.load(str(HERE / "dense.toml"))
    texts, what = corpus(options.size)
    results: dict[str, Any] = {"machine": machine(), "corpus": what, "rounds": options.rounds}
    results["lexicon"] = density(lexicon, texts)
    results["reference"] = check(lexicon, first(texts, 1))
    with tempfile.TemporaryDirectory(prefix="reasonlens-bench-") as folder:
        programs = [
            Program("reasonlens", options.size, "each entry per trace, and words", ours(lexicon)),
            Program("pandas and re", options.size / 40, "each category per trace", pandas_re(lexicon)),
        ]
        try:
            matcher = spacy_matcher(lexicon)
            results["machine"]["spacy"] = metadata.version("spacy")
            programs.append(
                Program("spaCy PhraseMatcher", options.size / 20, "each category per trace", matcher)
            )
        except ModuleNotFoundError:
            print("spaCy is not installed, so it is left out")
        if shutil.which("rg"):
            results["machine"]["ripgrep"] = subprocess.check_output(["rg", "--version"], text=True).split()[1]
            made = ripgrep(lexicon, Path(folder))
            programs.append(Program("rg --count-matches", options.size, "one number for all", made))
        else:
            print("ripgrep (rg) is not installed, so it is left out")
        results["programs"] = measure(programs, texts, options.rounds)
    keep("counting", results)
    print(f"\n{what}; {results['lexicon']}\nAgainst the reference: {results['reference']}\n")
    columns = ["program", "mb", "mb_per_s", "lowest", "highest", "ours_is_faster_by", "counts"]
    print(pd.DataFrame(results["programs"])[columns].to_string(index=False))


def keep(name: str, results: dict[str, Any]) -> None:
    """Write `results` to results.json under `name`, beside what another script measured."""
    path = HERE / "results.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, name: results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
