"""The texts that are counted, the machine, and where results are kept."""

from __future__ import annotations

import gzip
import json
import os
import platform
import random
import re
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from reasonlens import sample
from reasonlens.lexicon.kernel import choice

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHARED = ROOT.parent / "shared" / "data" / "traces"
SEED = 7
MEGA = 1_000_000


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


def seconds(work: Callable[[], Any]) -> float:
    """Return the processor time that `work` took, here and in processes that it started."""

    def now() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    begin = now()
    work()
    return now() - begin


def machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    found = {name: metadata.version(name) for name in ("numpy", "pyarrow", "pandas", "orjson")}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "engine": choice.describe(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **found,
    }


def keep(name: str, results: dict[str, Any]) -> None:
    """Write `results` to results.json under `name`, beside what another script measured."""
    path = HERE / "results.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, name: results}, indent=2) + "\n")
