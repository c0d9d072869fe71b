"""Cost of bans with a real tokenizer: compiling, size, and each step of decoding.

    python benchmarks/bans/run.py TOKENIZER        # a tokenizer.json, or a folder that has one

Compiling is timed in processor seconds of one process without the cache. A step is what a processor
does per decoded token for a whole batch: advance all states and mask the logits; the median of many,
on one thread. For scale, `softmax` is one softmax over the same logits, which every sampler makes.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from tabulate import tabulate

from reasonlens.bans import _host_rows, bank, compiled, vocabulary
from reasonlens.bans.automaton import compile_items
from reasonlens.bans.ban import Ban
from reasonlens.bans.compile_tables import compile_tables
from reasonlens.bans.items import items_of
from reasonlens.lexicon import definition

HERE = Path(__file__).resolve().parent
SIZES = (1, 2, 20, 100)
BATCHES = (1, 32, 256)


def entries(n: int) -> list[str]:
    """Return the first `n` entries of the default lexicon, *wait* and a phrase first."""
    lexicon = definition.load("flexible_reasoning")
    found = ["wait", "let me check", *(e.text for c in lexicon.categories for e in c.entries)]
    return list(dict.fromkeys(found))[:n]


def seconds(function: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Return the median processor time of `function` and its last result."""
    times, result = [], None
    for _ in range(rounds):
        start = time.process_time()
        result = function()
        times.append(time.process_time() - start)
    return statistics.median(times), result


def compiling(words: list[str], known: vocabulary.Vocabulary, rounds: int) -> dict[str, Any]:
    """Measure the automaton, the tables, and reading them back."""
    automaton_s, automaton = seconds(lambda: compile_items(items_of(words)), rounds)
    tables_s, tables = seconds(lambda: compile_tables(automaton, known), rounds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.npz"
        compiled._save(path, tables)
        stored = path.stat().st_size
        load_s, _ = seconds(lambda: compiled._load(path), rounds)
    sizes = np.diff(tables.starts)[tables.list_of]
    return {
        "items": len(words),
        "automaton_s": automaton_s,
        "tables_s": tables_s,
        "load_s": load_s,
        "states": tables.n_states,
        "exceptions": len(tables.keys),
        "mb": tables.n_bytes / 1e6,
        "mb_stored": stored / 1e6,
        "forbidden_mean": float(sizes.mean()),
        "forbidden_max": int(sizes.max()),
    }


def milliseconds(function: Callable[[], Any], n: int = 60) -> float:
    """Return the median processor time of one call, after some to warm up."""
    times = []
    for number in range(n + 5):
        start = time.process_time()
        function()
        if number >= 5:
            times.append(time.process_time() - start)
    return statistics.median(times) * 1000


def steps(words: list[str], known: vocabulary.Vocabulary, width: int, batch: int) -> dict[str, Any]:
    """Measure one step: tensors alone, and as a host-side processor with its lists of tokens."""
    dice = np.random.default_rng(0)
    found = compiled.compiled(Ban(words), known)
    tokens = dice.integers(0, len(known), (200, batch))
    logits = torch.zeros(batch, width)
    one = bank.Bank(width, "cpu")
    first = one.add(found.tables)
    states = torch.full((batch,), first + found.start(None))
    rules = bank.Rules.of([(found.ban, 0)] * batch, "cpu")
    position = torch.zeros(batch, dtype=torch.int64)
    turn = iter(range(10**9))

    def step() -> None:
        nonlocal states
        states = one.advance(states, torch.from_numpy(tokens[next(turn) % 200]))
        one.apply(logits, states, position, rules, tossed=False)

    rows = _host_rows.HostRows("cpu", width)
    outputs: list[list[int]] = [[] for _ in range(batch)]
    added = [(i, SimpleNamespace(seed=0), [0], outputs[i]) for i in range(batch)]
    rows.update(SimpleNamespace(removed=[], added=added, moved=[]), lambda _: found)

    def host_step() -> None:
        for output, token in zip(outputs, tokens[next(turn) % 200].tolist(), strict=True):
            output.append(token)
        rows.apply(logits)

    return {
        "items": len(words),
        "batch": batch,
        "step_ms": milliseconds(step),
        "host_step_ms": milliseconds(host_step),
        "softmax_ms": milliseconds(lambda: torch.softmax(logits, dim=-1), 20),
    }


def main() -> None:
    """Measure, print and write ``results.json``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tokenizer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    read_s, known = seconds(lambda: vocabulary.read(options.tokenizer), 1)
    width = -(-len(known) // 128) * 128 + 256  # models pad their vocabulary
    made = [compiling(entries(n), known, options.rounds) for n in SIZES]
    print(f"{len(known):,} tokens, read in {read_s:.2f} s, digest {known.digest}\n")
    print(tabulate(made, headers="keys", floatfmt=".3g"), end="\n\n")
    taken = [steps(entries(n), known, width, batch) for n in SIZES[2:] for batch in BATCHES]
    print(tabulate(taken, headers="keys", floatfmt=".3g"))
    result = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}",
        "tokens": len(known),
        "digest": known.digest,
        "width": width,
        "compiling": made,
        "steps": taken,
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
