"""Any table whose columns have telling names, or are named with ``--map``.

A row is one problem with one output, or with a list of outputs; then correctness, finish
reason and so on may be lists of the same length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reasonlens.core.errors import InputError
from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._columns import Plan, plan
from reasonlens.readers._values import at, chat_text, last_user, number, text, truth

TITLE = "Rows with recognizable columns (JSON lines, JSON, CSV, Parquet); --map names others"
SHAPE = "rows"
SPLITTABLE = True

_SETTINGS = ("temperature", "top_p", "top_k", "min_p", "max_tokens", "max_new_tokens", "repetition_penalty")
_NUMERIC_SHARE = 0.8
_NO_OUTPUTS = "if a column does hold model outputs, name it: --map response=COLUMN"


def sniff(sample: Sample) -> str | Refusal | None:
    """Say which columns hold what, or that these rows are something else than model outputs."""
    rows = [row.data for row in _unnested(sample.rows)]
    columns = list(dict.fromkeys(name for data in rows for name in data))
    if not columns:
        return None
    chosen = plan(columns, sample.fields)
    _check_present(rows, columns, sample.fields)
    if not sample.fields:
        refusal = _refusal(rows, columns, chosen)
        if refusal is not None:
            return refusal
    if any(isinstance(_output(data, chosen), (str, list)) or _reasoning(data, chosen) for data in rows):
        return str(chosen)
    return None


def _check_present(rows: list[dict[str, Any]], columns: list[str], mapped: Mapping[str, str]) -> None:
    for field, column in mapped.items():
        if all(at(data, column) is None for data in rows):
            raise InputError(
                f"--map {field}={column}: the first {len(rows)} rows have no value in {column!r}; "
                f"the columns are {', '.join(columns)}"
            )


def _refusal(rows: list[dict[str, Any]], columns: list[str], chosen: Plan) -> Refusal | None:
    names = set(columns)
    if {"text", "index"} <= names and names & {"category", "categories", "label", "labels", "function_tags"}:
        return Refusal("these rows are labeled sentences of a trace, not model outputs")
    if chosen.has_text():
        return None
    if all(_is_numbers(data) for data in rows):
        return Refusal("this file holds numbers only (metrics or aggregated results), no model outputs")
    if "problem" in chosen.columns and "gold" in chosen.columns:
        return Refusal(f"these rows look like problems with gold answers; {_NO_OUTPUTS}")
    if "prompt" in chosen.columns:
        return Refusal(f"these rows look like prompts; {_NO_OUTPUTS}")
    return None


def _is_numbers(data: Mapping[str, Any]) -> bool:
    values = list(data.values())
    numeric = sum(_is_number(value) for value in values)
    return bool(values) and numeric >= _NUMERIC_SHARE * len(values) and numeric > 1


def _is_number(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(_is_number(item) for item in value.values())
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return False
        return True
    return isinstance(value, (int, float))


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record for each output of each row."""
    plans: dict[tuple[str, ...], Plan] = {}
    for row in _unnested(items):
        names = tuple(row.data)
        chosen = plans.get(names)
        if chosen is None:
            chosen = plans[names] = plan(names, context.fields)
        yield from _records(row, chosen)


def _unnested(items: Iterable[Row]) -> Iterator[Row]:
    """Yield rows; a document that is not a row itself but holds one list of rows gives those."""
    for row in items:
        inner = _inner_rows(row) if row.place == "document" else None
        if inner is not None:
            yield from inner
        elif isinstance(row.data, dict):
            yield row


def _inner_rows(row: Row) -> list[Row] | None:
    if not isinstance(row.data, dict) or plan(row.data, {}).has_text():
        return None
    lists = [
        (name, value)
        for name, value in row.data.items()
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
    ]
    if len(lists) != 1:
        return None
    name, value = lists[0]
    return [Row(f"{name}, item {i}", item) for i, item in enumerate(value, start=1)]


def _pick(data: Mapping[str, Any], columns: Iterable[str]) -> Any:
    for column in columns:
        value = data.get(column)
        if value is None and "." in column:
            value = at(data, column)
        if value is not None and value != "":
            return value
    return None


def _output(data: Mapping[str, Any], chosen: Plan) -> Any:
    """Return the output column's value; columns that hold something else than text are passed over."""
    first: Any = None
    for column in chosen.columns.get("response", ()):
        value = data.get(column)
        if value is None and "." in column:
            value = at(data, column)
        if isinstance(value, str) or _is_texts(value):
            return value
        if first is None:
            first = value
        if value is None and column in data:
            return None
    return first


def _is_texts(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(item is None or isinstance(item, str) for item in value)


def _reasoning(data: Mapping[str, Any], chosen: Plan) -> Any:
    value = _pick(data, chosen.columns.get("reasoning", ()))
    return value if isinstance(value, (str, list)) else None


def _records(row: Row, chosen: Plan) -> Iterator[Record | Skipped]:
    output, reasoning = _output(row.data, chosen), _reasoning(row.data, chosen)
    if isinstance(output, list):
        if not output:
            yield Skipped(row.place, "no response (an empty list)")
        for i, item in enumerate(output):
            yield _one(row, chosen, item, _share(reasoning, i, len(output)), i, len(output))
    else:
        if isinstance(reasoning, list):
            reasoning = "\n\n".join(item for item in reasoning if isinstance(item, str)) or None
        yield _one(row, chosen, output, reasoning, None, 1)


def _share(value: Any, i: int, n: int) -> Any:
    """Return the part of `value` that belongs to output `i` of `n`."""
    if not isinstance(value, list):
        return value
    return value[i] if len(value) == n else None


def _one(row: Row, chosen: Plan, output: Any, reasoning: Any, i: int | None, n: int) -> Record | Skipped:
    if not isinstance(output, str) and not (output is None and isinstance(reasoning, str)):
        return Skipped(row.place, _why_no_response(output, chosen))
    data, columns = row.data, chosen.columns

    def get(field: str) -> Any:
        value = _pick(data, columns.get(field, ()))
        return value if i is None else _share(value, i, n) if isinstance(value, list) else value

    problem = _pick(data, columns.get("problem", ()))
    prompt = _pick(data, columns.get("prompt", ()))
    sample = number(get("sample"))
    return Record(
        place=row.place,
        response=output,
        reasoning=reasoning if isinstance(reasoning, str) else None,
        problem=chat_text(problem) if problem is not None else last_user(prompt),
        prompt=chat_text(prompt),
        problem_id=text(_pick(data, columns.get("problem_id", ()))),
        dataset=text(_pick(data, columns.get("dataset", ()))),
        model=text(_pick(data, columns.get("model", ()))) or chosen.model,
        model_kind=text(_pick(data, columns.get("model_kind", ()))),
        condition=text(_pick(data, columns.get("condition", ()))),
        sample=i if i is not None and (sample is None or n > 1) else sample,
        gold=text(_pick(data, columns.get("gold", ()))),
        correct=truth(get("correct")),
        finish=text(get("finish")),
        n_model_tokens=number(get("n_model_tokens")),
        decoding={name: data[name] for name in _SETTINGS if data.get(name) is not None} or None,
    )


def _why_no_response(output: Any, chosen: Plan) -> str:
    columns = chosen.columns.get("response", ())
    if not columns:
        return "no response: no column is recognized as one"
    if output is None:
        return f"no response (column {columns[0]!r} is missing or null)"
    return f"the response is no text but {type(output).__name__} (column {columns[0]!r})"
