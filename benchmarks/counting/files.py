"""Counting speed on files of JSON lines: to counts against ripgrep, and to Parquet against scripts."""

from __future__ import annotations

import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from corpus import HERE, MEGA, SEED, machine, seconds
from end_to_end import repeated, rows

from reasonlens.lexicon import definition
from reasonlens.lexicon.lines import count_lines
from reasonlens.lexicon.model import Lexicon

LARGE = 2000
"""Entries of the large list, in 20 categories: the most frequent words and pairs of words."""

PAIRS = 21  # of runs with one core and with two: on a shared machine one pair says little


def large(texts: Iterable[str]) -> str:
    """Return a word list of `LARGE` entries, as TOML."""
    seen: Counter[str] = Counter()
    for text in texts:
        words = re.findall(r"[a-z]+", text.lower())
        seen.update(word for word in words if len(word) > 1)
        seen.update(f"{a} {b}" for a, b in pairwise(words) if len(a) > 1 < len(b))
    entries = [entry for entry, _ in seen.most_common(LARGE)]
    lines = [(HERE / "dense.toml").read_text().partition("[category.")[0].replace("dense", "large", 1)]
    for number in range(20):
        lines += [
            f"[category.c{number}]",
            f'title = "{number}"',
            f"entries = {json.dumps(entries[number::20])}",
        ]
    return "\n".join(lines) + "\n"


def write(path: Path, size: float, found: list[dict[str, Any]]) -> float:
    """Write shuffled traces, again and again; return how many million bytes that are."""
    with path.open("wb") as file:
        for line in repeated(found):
            file.write(line)
            if file.tell() >= size * MEGA:
                return file.tell() / MEGA
    return 0


def ours_to_counts(path: Path, lexicon: Lexicon) -> int:
    """Count each entry per trace, and words; return how many lines there are."""
    return sum(len(table) for table in count_lines(path, [lexicon]))


def rg(path: Path, lexicon: Lexicon, folder: Path) -> None:
    """Count with ``rg --count-matches``: one number for the whole file, JSON and all."""
    entries = folder / "entries.txt"
    entries.write_text("\n".join(e.text.rstrip("*") for c in lexicon.categories for e in c.entries) + "\n")
    command = ["rg", "--count-matches", "-i", "-w", "-F", "-j1", "-f", str(entries), str(path)]
    subprocess.run(command, check=True, capture_output=True)


def to_counts(
    folder: Path, lists: dict[str, Path], sizes: dict[str, float], rounds: int
) -> list[dict[str, Any]]:
    """Return speeds from JSON lines to counts, in MB of file per processor second."""
    table = []
    for name, path in lists.items():
        lexicon = definition.load(str(path))
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(sizes["fast"] / seconds(partial(ours_to_counts, folder / "fast.jsonl", lexicon)))
            if shutil.which("rg"):
                theirs.append(sizes["rg"] / seconds(partial(rg, folder / "rg.jsonl", lexicon, folder)))
        entries = sum(len(category.entries) for category in lexicon.categories)
        row = {"list": name, "entries": entries, "reasonlens_mb_per_s": round(statistics.median(ours), 1)}
        if theirs:
            row["rg_mb_per_s"] = round(statistics.median(theirs), 2)
            row["ours_is_faster_by"] = round(statistics.median(ours) / statistics.median(theirs), 1)
        table.append(row)
    return table


def to_parquet(folder: Path, program: str, file: str, threads: int, size: float) -> dict[str, Any]:
    """Run one program of to_parquet.py in a process of its own."""
    source, target = folder / f"{file}.jsonl", folder / "out.parquet"
    command = [
        sys.executable,
        str(HERE / "to_parquet.py"),
        program,
        source,
        target,
        HERE / "dense.toml",
        threads,
    ]
    done = subprocess.run([str(x) for x in command], check=True, capture_output=True, text=True)
    used = json.loads(done.stdout)
    return {
        "program": program,
        "cores": threads,
        "mb": round(size, 1),
        "mb_per_cpu_s": size / used["cpu_s"],
        "mb_per_s": size / used["wall_s"],
        "peak_mb": round(used["peak_mb"]),
    }


def parquet_rows(folder: Path, sizes: dict[str, float], rounds: int) -> list[dict[str, Any]]:
    """Return speeds from JSON lines to Parquet: medians of interleaved rounds."""
    kinds = [("reasonlens", "fast", 1), ("reasonlens", "huge", 2), ("reasonlens", "huge", 1)]
    kinds.append(("pandas and re", "re", 1))
    try:
        import spacy  # noqa: F401

        kinds.append(("pandas and spaCy", "spacy", 1))
    except ModuleNotFoundError:
        print("spaCy is not installed, so it is left out")
    runs: list[list[dict[str, Any]]] = [[] for _ in kinds]
    for _ in range(rounds):
        for kind, several in zip(kinds, runs, strict=True):
            program, file, threads = kind
            several.append(to_parquet(folder, program, file, threads, sizes[file]))
    table, best = [], statistics.median(run["mb_per_cpu_s"] for run in runs[2])
    for several in runs:
        row = dict(several[0])
        for name in ("mb_per_cpu_s", "mb_per_s"):
            row[name] = round(statistics.median(run[name] for run in several), 2)
        row["peak_mb"] = max(run["peak_mb"] for run in several)
        row["ours_is_faster_by"] = round(best / row["mb_per_cpu_s"], 1)
        table.append(row)
    return table


def two_cores(folder: Path, size: float, pairs: int) -> dict[str, Any]:
    """Return how much sooner two cores end than one: a ratio per pair of runs, one right after the other."""
    found = []
    for pair in range(pairs):
        order = (1, 2) if pair % 2 else (2, 1)
        runs = {n: to_parquet(folder, "reasonlens", "huge", n, size)["mb_per_s"] for n in order}
        found.append(runs[2] / runs[1])
    spread = {"lowest": round(min(found), 2), "highest": round(max(found), 2)}
    return {"mb": round(size, 1), "pairs": pairs, "median": round(statistics.median(found), 2), **spread}


def files(size: float, rounds: int) -> dict[str, Any]:
    """Return the speeds on files: of `size` million bytes for the fast programs, and once five times that."""
    found = rows()
    random.Random(SEED).shuffle(found)
    results: dict[str, Any] = {"machine": machine(), "rounds": rounds}
    with tempfile.TemporaryDirectory(prefix="reasonlens-bench-") as name:
        folder = Path(name)
        wanted = {"fast": size, "huge": 5 * size, "rg": size / 10, "re": size / 100, "spacy": size / 40}
        sizes = {file: write(folder / f"{file}.jsonl", mb, found) for file, mb in wanted.items()}
        big = folder / "large.toml"
        big.write_text(large(row["response"] or "" for row in found[:2000]))
        lists = {"dense": HERE / "dense.toml", "large": big}
        results["to_counts"] = to_counts(folder, lists, sizes, rounds)
        results["to_parquet"] = parquet_rows(folder, sizes, rounds)
        results["two_cores"] = two_cores(folder, sizes["huge"], PAIRS)
    return results


def show(results: dict[str, Any]) -> None:
    """Print what `files` returned."""
    print("\nJSON lines to counts, per processor second\n")
    print(pd.DataFrame(results["to_counts"]).to_string(index=False))
    print("\nJSON lines to Parquet\n")
    print(pd.DataFrame(results["to_parquet"]).to_string(index=False))
    print("\nTwo cores against one:", results["two_cores"])
