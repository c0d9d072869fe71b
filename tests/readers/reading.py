"""Shared by the tests of formats: read a file as the program does, or rows made up here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from reasonlens.core import registry
from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._detect import Detected, detect
from reasonlens.readers._open import as_source
from reasonlens.readers._rows import rows

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def objects(*keys: str, values: st.SearchStrategy[Any] = JSON) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that have any of `keys` (and others), each with anything as value."""
    return st.dictionaries(st.sampled_from(keys) | st.text(max_size=4), values, max_size=len(keys) + 1)


def read_all(
    name: str, data: Iterable[Any], path: str | Path = "made_up.jsonl", **companions: Path
) -> tuple[list[Record], list[Skipped]]:
    """Read rows (or `Row` items) with one format; fail on anything that is no item."""
    items = [d if isinstance(d, Row) else Row(f"line {i}", d) for i, d in enumerate(data, start=1)]
    reader = registry.load("reasonlens.readers", name)
    found = list(reader.read(iter(items), Context(Path(path), companions=companions)))
    assert all(isinstance(item, Record | Skipped) for item in found)
    records = [item for item in found if isinstance(item, Record)]
    for record in records:
        _check_types(record)
    return records, [item for item in found if isinstance(item, Skipped)]


def _check_types(record: Record) -> None:
    assert isinstance(record.response, str)
    for name in ("reasoning", "problem", "prompt", "problem_id", "dataset", "model", "gold", "finish"):
        assert isinstance(getattr(record, name), str | None), name
    assert isinstance(record.correct, bool | None)
    assert all(isinstance(n, int | None) for n in (record.sample, record.n_model_tokens))


def read_file(path: Path) -> tuple[Detected, list[Record], Counter[str]]:
    """Detect a file and read it; return the detection, the records and the skips by reason."""
    found = detect(path)
    items = [item for item in rows(as_source(path), found.container) if isinstance(item, Row)]
    records, skipped = read_all(found.format, items, path)
    return found, records, Counter(item.reason for item in skipped)


def sniff(
    name: str, data: Iterable[Any], container: str = "jsonl", path: str = "made_up.jsonl"
) -> str | Refusal | None:
    """Ask one format about rows."""
    made = tuple(Row(f"line {i}", d) for i, d in enumerate(data, start=1))
    return registry.load("reasonlens.readers", name).sniff(Sample(Path(path), container, made))
