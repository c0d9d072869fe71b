"""Records to rows of the `traces` table."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pyarrow as pa

from reasonlens.core.tables import table
from reasonlens.readers import Record, Skipped
from reasonlens.readers._account import Account
from reasonlens.readers._json import scrub
from reasonlens.readers._model_kinds import as_kind, known_kind, mapped_kind
from reasonlens.readers._values import text
from reasonlens.text.health import flags
from reasonlens.text.problems import problem_id, statement_from_prompt
from reasonlens.text.think import split

__all__ = ["Defaults", "build", "trace_id"]

_BATCH_TRACES = 500
_BATCH_CHARACTERS = 16 * 2**20
_REPEATED = 100  # reasoning of at least this length that the response repeats is part of it
_SUFFIXES = re.compile(
    r"(\.(jsonl|ndjson|jsonlines|jl|json|csv|tsv|parquet|eval))?(\.(gz|zst|zstd|xz|bz2))?$", re.IGNORECASE
)
_SCHEMA = table("traces").schema


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a file says nothing.

    ``name`` is what the input is called; it stands in for the model as a last resort.
    ``kinds`` maps models (or patterns) to kinds and goes before what the file says; ``kind``
    goes before the registry of published models.
    """

    name: str
    model: str | None = None
    kind: str | None = None
    dataset: str | None = None
    condition: str = "baseline"
    kinds: Mapping[str, str] = field(default_factory=dict)


def trace_id(
    model: str, problem: str | None, condition: str, sample: int | None, reasoning: str | None, response: str
) -> str:
    """Return the id of a trace: 24 hexadecimal digits, the same in every run and file.

    BLAKE2b (12 bytes) over the parts, each with its length before it, so that no two
    different sequences of parts look alike.
    """
    told: list[bytes] = []
    for part in (model, problem, condition, None if sample is None else str(sample), reasoning, response):
        if part is None:
            told.append(b"-")
        else:
            data = part.encode("utf-8", "surrogatepass")
            told += (b"%d:" % len(data), data)
    return hashlib.blake2b(b"".join(told), digest_size=12).hexdigest()


@lru_cache(maxsize=4096)
def _problem(
    problem: str | None, prompt: str | None, dataset: str | None, source_id: str | None
) -> tuple[str | None, str | None]:
    """Return the statement and the id of a problem; without a statement the whole prompt stands in."""
    if problem is None and prompt is not None:
        problem = statement_from_prompt(prompt)
    found = problem_id(problem, dataset, source_id)
    if found is None:
        found = problem_id(prompt, dataset, None)
    return problem, found


def build(items: Iterable[Record | Skipped], defaults: Defaults, account: Account) -> Iterator[pa.Table]:
    """Yield tables in the `traces` schema, of about 500 traces or 16 million characters each.

    `account` is filled on the way. An output that occurs twice without a
    sample number has the same id twice: whoever keeps the rows counts it once.
    """
    rows: list[dict[str, Any]] = []
    size = 0
    for item in items:
        if isinstance(item, Skipped):
            account.skip(item, defaults.name)
            continue
        row = _trace(item, defaults, account)
        if row is None:
            account.skip(Skipped(item.place, "no response"), defaults.name)
            continue
        rows.append(row)
        size += len(row["response"]) * 2 + len(row["prompt"] or "") + len(row["problem"] or "")
        if len(rows) >= _BATCH_TRACES or size >= 2 * _BATCH_CHARACTERS:
            account.traces += len(rows)
            yield _table(rows)
            rows, size = [], 0
    if rows:
        account.traces += len(rows)
        yield _table(rows)


def _trace(record: Record, defaults: Defaults, account: Account) -> dict[str, Any] | None:
    texts = _texts(record)
    if texts is None:
        return None
    model, kind = _model(record, defaults, account)
    dataset = record.dataset or defaults.dataset
    condition = record.condition or defaults.condition
    problem, found = _problem(record.problem, record.prompt, dataset, record.problem_id)
    if found is None:
        account.notes["no problem named: such traces cannot be paired by problem"] += 1
    apart = record.reasoning if texts["think_rule"] == "fields" else None
    return {
        "trace_id": trace_id(model, found, condition, record.sample, apart, record.response or ""),
        "problem_id": found,
        "dataset": dataset,
        "model": model,
        "model_kind": kind,
        "condition": condition,
        "sample": _within(record.sample, 2**31),
        "problem": problem,
        "prompt": record.prompt,
        **texts,
        "gold": record.gold,
        "correct_source": record.correct,
        "finish": record.finish,
        "n_model_tokens": _within(record.n_model_tokens, 2**63),
        "decoding": json.dumps(record.decoding, sort_keys=True, default=str) if record.decoding else None,
        "source": f"{defaults.name}#{record.place}",
    }


def _within(value: int | None, limit: int) -> int | None:
    return value if isinstance(value, int) and 0 <= value < limit else None


def _texts(record: Record) -> dict[str, Any] | None:
    """Return the text columns, or ``None`` if there is no text."""
    said, thought = record.response, record.reasoning
    if said is None and thought is None and not record.withheld:
        return None
    said = said or ""
    if thought is not None and not (len(thought) >= _REPEATED and thought.strip() in said):
        whole = "\n\n".join(piece for piece in (thought, said) if piece)
        found = {"reasoning": thought, "answer": said, "response": whole, "think_rule": "fields"}
        closed = bool(said)
    elif record.withheld:
        found = {"reasoning": "", "answer": said, "response": said, "think_rule": "fields"}
        closed = True
    else:
        parts = split(said, prompt=record.prompt)
        found = {"reasoning": parts.reasoning, "answer": parts.answer, "response": said}
        found["think_rule"], closed = parts.rule, parts.closed
    health = flags(
        reasoning=found["reasoning"],
        answer=found["answer"],
        response=found["response"],
        finish=record.finish,
        rule=found["think_rule"],
        closed=closed,
        withheld=record.withheld,
    )
    return {**found, "health": health}


def _model(record: Record, defaults: Defaults, account: Account) -> tuple[str, str]:
    model = record.model or defaults.model
    if model is None:
        model = _SUFFIXES.sub("", defaults.name.replace("!", "/").rpartition("/")[2]) or defaults.name
        account.notes[f"no model named: taken from the file name ({model}); name it with --model"] += 1
    elif record.model and defaults.model and record.model != defaults.model:
        account.notes[f"--model {defaults.model} not used: the rows name their model"] += 1
    kind = mapped_kind(model, defaults.kinds)
    if kind is None and record.model_kind:
        kind = as_kind(record.model_kind)
        if kind is None:
            account.notes[f"unknown model kind not used: {record.model_kind[:40]}"] += 1
    if (said := kind or defaults.kind) is not None:
        return model, said
    known = known_kind(model)
    if known == "other":
        account.notes["kind of model not known: taken as 'other'; name it with --kind or --kinds FILE"] += 1
    return model, known


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    columns = [_column([row[field.name] for row in rows], field.type) for field in _SCHEMA]
    return pa.Table.from_arrays(columns, schema=_SCHEMA)


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:  # lone surrogates
        return pa.array([scrub(value) for value in values], kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # a reader gave a number for a text, or the like
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return pa.array([scrub(text(value)) for value in values], kind)
        raise
