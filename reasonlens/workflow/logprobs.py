"""Log-probabilities beside a study: which output is which trace, and the entropy of its tokens.

An output finds its trace by ``trace_id``; else by ``custom_id``, where that is the id that the
study has for the problem; else by its text (its tokens spell the response, the answer, or the
reasoning and the answer of a trace; equal texts in the order of the files). Asked for, outputs are
taken in the order of the traces instead. What finds no trace is counted, never guessed.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError, StatisticsError
from reasonlens.core.study import Study
from reasonlens.lexicon import count
from reasonlens.lexicon.definition import Lexicon
from reasonlens.readers import Skipped
from reasonlens.readers._containers import container_of
from reasonlens.readers._open import as_source
from reasonlens.readers._rows import rows
from reasonlens.signatures import Tokens
from reasonlens.stats.entropy import entropy_bounds
from reasonlens.text.problems import problem_id
from reasonlens.workflow._completions import Output, known, outputs, spans

__all__ = ["Found", "Store", "read"]

_COLUMNS = ["trace_id", "problem_id", "dataset", "sample", "source", "response", "reasoning", "answer"]
_NUMBER = re.compile(r"(\d+)")
_SPECIAL = re.compile(r"(?:\s|<\|[\w|]+\|>|</s>|<｜[^｜]+｜>)+\Z")


class Store:
    """Tokens by trace id in a file that is thrown away, so that no corpus has to fit into memory.

    Usable in several processes: each opens the file anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._base = sqlite3.connect(path)
        self._base.execute(
            "create table if not exists tokens (id text primary key, n int, data blob, quote text)"
        )

    def commit(self) -> None:
        """Let other processes see what was put."""
        self._base.commit()

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def __reduce__(self) -> tuple[type[Store], tuple[Path]]:
        return Store, (self.path,)

    def __len__(self) -> int:
        return int(self._base.execute("select count(*) from tokens").fetchone()[0])

    def put(self, trace_id: str, tokens: Tokens) -> bool:
        """Keep the tokens of a trace; tell whether they are the first of this trace."""
        numbers = np.stack([tokens.entropy, tokens.low, tokens.high, tokens.in_lexicon.astype(np.float64)])
        row = (trace_id, len(tokens.entropy), numbers.tobytes(), tokens.quote)
        done = self._base.execute("insert or ignore into tokens values (?, ?, ?, ?)", row)
        return done.rowcount == 1

    def get(self, trace_id: str) -> Tokens | None:
        """Return the tokens of a trace, or ``None``."""
        found = self._base.execute("select n, data, quote from tokens where id = ?", (trace_id,)).fetchone()
        if found is None:
            return None
        numbers = np.frombuffer(found[1], np.float64).reshape(4, found[0])
        return Tokens(numbers[0], numbers[1], numbers[2], numbers[3] > 0, found[2])


@dataclass(slots=True)
class Found:
    """What a file of log-probabilities gave."""

    tokens: Store
    joined: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)

    def account(self) -> str:
        """Return the account in one line."""
        how = ", ".join(f"{n:,} {how}" for how, n in sorted(self.joined.items())) or "none"
        why = "; ".join(f"{n:,} {why}" for why, n in sorted(self.lost.items()))
        return f"joined with traces: {how}" + (f"; not used: {why}" if why else "")


@contextmanager
def read(
    study: Study, path: Path, vocabulary: int, *, lexicon: Lexicon, join: str | None = None
) -> Iterator[Found]:
    """Read log-probabilities for the traces of a study; they are there while the block runs.

    Parameters
    ----------
    path
        JSON lines, a JSON array or one JSON object; see `reasonlens.workflow._completions.outputs`.
    vocabulary
        Number of tokens that the model can choose from.
    lexicon
        Which words count as lexicon words.
    join
        ``"id"``, ``"text"`` or ``"order"`` alone; default: id, then text.

    Raises
    ------
    InputError
        If the file cannot be read, no output finds a trace, or ``order`` finds another number of
        outputs than of traces.
    """
    with tempfile.TemporaryDirectory(prefix="reasonlens-") as folder:
        found = Found(Store(Path(folder) / "tokens.sqlite"))
        try:
            _fill(found, _Finder(study, path, join), path, vocabulary, lexicon)
            found.tokens.commit()
            yield found
        finally:
            found.tokens.close()


def _fill(found: Found, finder: _Finder, path: Path, vocabulary: int, lexicon: Lexicon) -> None:
    source = as_source(path)
    for item in rows(source, container_of(source)):
        if isinstance(item, Skipped):
            found.lost[item.reason] += 1
            continue
        for output in outputs(item.data):
            if isinstance(output, str):
                found.lost[output] += 1
                continue
            tokens, text = _tokens(output, vocabulary, lexicon, f"{path}, {item.place}")
            if tokens is None:
                found.lost["without top_logprobs"] += 1
                continue
            trace_id, how = finder.find(output, text)
            if trace_id is None:
                found.lost["without a trace"] += 1
            elif found.tokens.put(trace_id, tokens):
                found.joined[how] += 1
            else:
                found.lost["for a trace that has some already"] += 1
    if not len(found.tokens):
        raise InputError(f"{path}: no log-probabilities for a trace of the study ({found.account()})")


def _tokens(output: Output, vocabulary: int, lexicon: Lexicon, place: str) -> tuple[Tokens | None, str]:
    text, starts = spans(output.content)
    try:
        bounds = entropy_bounds(known(output.content), vocabulary)
    except StatisticsError as error:
        raise InputError(f"{place}: {error}; see --vocabulary") from error
    there = ~np.isnan(bounds.low)
    if not np.any(there):
        return None, text
    marked = np.zeros(len(text) + 1, dtype=np.bool_)
    hits = count.match_table(pa.table({"trace_id": ["-"], "response": [text]}), [lexicon])
    for start, end in zip(hits["start"].to_pylist(), hits["end"].to_pylist(), strict=True):
        marked[start:end] = True
    inside = np.concatenate([[0], np.cumsum(marked)])
    words = inside[starts[1:]] > inside[starts[:-1]]
    middle = bounds.middle
    first = np.sort(np.argsort(-np.where(there, middle, -np.inf), kind="stable")[:5])
    uncertain = " ".join(repr(text[starts[i] : starts[i + 1]]) for i in first.tolist())
    return Tokens(middle[there], bounds.low[there], bounds.high[there], words[there], uncertain), text


class _Finder:
    """The traces of a study by id, by the file's id of the problem, by text and in order."""

    def __init__(self, study: Study, path: Path, join: str | None) -> None:
        self._join, self._ids = join, set[str]()
        self._texts: dict[bytes, deque[str]] = {}
        self._problems: dict[tuple[str, int], set[str]] = {}
        self._datasets: set[str | None] = set()
        order: list[tuple[list[Any], str]] = []
        for row in _rows(study):
            trace_id = row["trace_id"]
            self._ids.add(trace_id)
            self._datasets.add(row["dataset"])
            for text in {
                row["response"] or "",
                row["answer"] or "",
                (row["reasoning"] or "") + (row["answer"] or ""),
            }:
                if text.strip():
                    self._texts.setdefault(_digest(text), deque()).append(trace_id)
            if row["problem_id"]:
                self._problems.setdefault((row["problem_id"], row["sample"] or 0), set()).add(trace_id)
            if join == "order":
                pieces = _NUMBER.split(row["source"] or "")
                order.append(([int(p) if i % 2 else p for i, p in enumerate(pieces)], trace_id))
        self._order = deque(trace_id for _, trace_id in sorted(order))
        if join == "order":
            n = _count(path)
            if n != len(self._order):
                raise InputError(
                    f"--join order: {path} has {n} outputs and the study {len(self._order)} traces"
                )

    def find(self, output: Output, text: str) -> tuple[str | None, str]:
        """Return the trace of an output and how it was found."""
        if self._join == "order":
            return self._order.popleft(), "in order"
        if self._join in (None, "id"):
            if output.trace_id in self._ids:
                return output.trace_id, "by trace_id"
            same = self._by_custom_id(output)
            if len(same) == 1:
                return next(iter(same)), "by custom_id"
        if self._join in (None, "text") and not output.trace_id:
            waiting = self._texts.get(_digest(text))
            if waiting:
                return waiting.popleft(), "by text"
        return None, ""

    def _by_custom_id(self, output: Output) -> set[str]:
        if not output.custom_id:
            return set()
        keys = {problem_id(None, dataset, output.custom_id) for dataset in self._datasets}
        return {t for key in keys if key for t in self._problems.get((key, output.sample), ())}


def _digest(text: str) -> bytes:
    plain = _SPECIAL.sub("", text).strip()
    return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _rows(study: Study) -> Iterator[dict[str, Any]]:
    for part in study.parts("traces"):
        with pq.ParquetFile(study.part_path("traces", part)) as file:
            for batch in file.iter_batches(batch_size=500, columns=_COLUMNS):
                yield from batch.to_pylist()


def _count(path: Path) -> int:
    source = as_source(path)
    items = (item for item in rows(source, container_of(source)) if not isinstance(item, Skipped))
    return sum(1 for item in items for output in outputs(item.data) if isinstance(output, Output))
