"""Details of lighteval, ``details_<task>_<date>.parquet``, in both of its layouts.

Newer versions have the columns ``doc``, ``model_response`` and ``metric``; older ones have
``full_prompt``, ``predictions``, ``gold``, ``metrics`` and others. Where lighteval could not
write a column as a table it wrote Python literals as text; these are parsed. A metric holds for
the document: with several samples ``correct`` stays unknown.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._messages import asked
from reasonlens.readers._typed import filled, list_of, mapping_of, text_of
from reasonlens.readers._values import statement, truth

TITLE = "lighteval details (details_<task>_<date>.parquet)"
SHAPE = "rows"
SPLITTABLE = True

_NEW = {"doc", "model_response", "metric"}
_OLD = {"full_prompt", "predictions", "metrics"}
_DATE = r"\d{4}-\d\d-\d\dT[\d\-:.]+"
_NAME = re.compile(rf"details_(?P<task>.+?)_{_DATE}\.parquet")
_CORRECT = ("extractive_match", "exact_match", "em", "qem", "pem", "acc", "math_verify")
_NO_TEXT = "the row holds log-likelihoods of given answers, no generated text"


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognise either layout by its columns; refuse the results file."""
    rows = [mapping_of(row.data) for row in sample.rows]
    if not rows:
        return None
    if sample.container == "document":
        if {"config_general", "results", "versions"} <= rows[0].keys():
            return Refusal(
                "this is a results file of lighteval with scores per task and no model outputs; give the "
                "details_*.parquet files that --save-details writes"
            )
        return None
    if all(row.keys() >= _NEW for row in rows):
        return "has the columns doc, model_response and metric of lighteval details"
    if all(row.keys() >= _OLD for row in rows):
        return "has the columns full_prompt, predictions and metrics of older lighteval details"
    return None


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per generated text."""
    dataset, model = _names(context.path)
    for item in items:
        row = mapping_of(item.data)
        fields = _new_layout(row) if "model_response" in row else _old_layout(row)
        if isinstance(fields, str):
            yield Skipped(item.place, fields)
            continue
        fields = {**fields, "dataset": fields["dataset"] or dataset, "model": model}
        yield from _records(item.place, fields)


def _records(place: str, fields: dict[str, Any]) -> Iterator[Record | Skipped]:
    texts, reasonings, tokens = fields.pop("texts"), fields.pop("reasonings"), fields.pop("tokens")
    metrics = fields.pop("metrics")
    if not texts:
        yield Skipped(place, _NO_TEXT)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            yield Skipped(f"{place}, output {index}", "an output is not a text")
            continue
        given = tokens[index] if index < len(tokens) else None
        yield Record(
            place,
            text,
            reasoning=filled(reasonings[index]) if index < len(reasonings) else None,
            sample=index,
            correct=_correct(metrics) if len(texts) == 1 else None,
            n_model_tokens=len(given) if isinstance(given, list) and given else None,
            **fields,
        )


def _new_layout(row: Mapping[str, Any]) -> dict[str, Any] | str:
    """Return the fields of a row in the newer layout, or why there are none."""
    doc, answer = _literal(row.get("doc")), _literal(row.get("model_response"))
    if not isinstance(doc, dict) or not isinstance(answer, dict):
        return "the columns doc and model_response do not hold objects"
    problem = statement(filled(doc.get("query")) or "") or None
    return {
        "texts": list_of(answer.get("text")),
        "reasonings": list_of(answer.get("reasonings")),
        "tokens": list_of(answer.get("output_tokens")),
        "metrics": mapping_of(_literal(row.get("metric"))),
        "problem": problem,
        "prompt": filled(asked(answer.get("input"))[0]),
        "problem_id": text_of(doc.get("id")),
        "gold": _gold(doc.get("choices"), doc.get("gold_index")),
        "dataset": _task(filled(doc.get("task_name"))),
    }


def _old_layout(row: Mapping[str, Any]) -> dict[str, Any] | str:
    """Return the fields of a row in the older layout, or why there are none."""
    predictions = _literal(row.get("predictions"))
    if not isinstance(predictions, list):
        return "the column predictions is not a list"
    flat = [text for item in predictions for text in (item if isinstance(item, list) else [item])]
    gold = _literal(row.get("gold"))
    listed = filled(*list_of(gold)) if isinstance(gold, list) else filled(gold)
    problem = statement(filled(row.get("example")) or "") or None
    return {
        "texts": flat if any(isinstance(text, str) for text in flat) else [],
        "reasonings": [],
        "tokens": _flat_tokens(_literal(row.get("cont_tokens")), len(flat)),
        "metrics": mapping_of(_literal(row.get("metrics"))),
        "problem": problem,
        "prompt": filled(row.get("full_prompt")),
        "problem_id": None,
        "gold": listed or _gold(_literal(row.get("choices")), _literal(row.get("gold_index"))),
        "dataset": None,
    }


def _flat_tokens(tokens: Any, outputs: int) -> list[Any]:
    """Return one list of token numbers per output; requests with several outputs nest them."""
    given = list_of(tokens)
    if len(given) == 1 and outputs > 1:
        given = list_of(given[0])
    return given if len(given) == outputs else []


def _literal(value: Any) -> Any:
    """Return what a text stands for as a Python literal, and anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in the data is not ours to report
            return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value


def _gold(choices: Any, index: Any) -> str | None:
    """Return the choice that the (first) gold index points to."""
    first = next(iter(index), None) if isinstance(index, list) else index
    listed = list_of(choices)
    if isinstance(first, bool) or not isinstance(first, int) or not 0 <= first < len(listed):
        return None
    return text_of(listed[first])


def _correct(metrics: Mapping[str, Any]) -> bool | None:
    """Return a metric that tells right from wrong, if it is plainly 0 or 1."""
    names = [name for name in _CORRECT if metrics.get(name) is not None]
    if not names and len(metrics) == 1:
        names = list(metrics)
    return truth(metrics[names[0]]) if names else None


def _task(name: str | None) -> str | None:
    """Return the task of ``suite|task|few shots`` or ``task|few shots``."""
    if not name:
        return None
    parts = [part for part in name.split("|") if part]
    if len(parts) > 1 and re.fullmatch(r"\d+(\|\d+)?", parts[-1]):
        parts.pop()
    return parts[-1] if parts else None


def _names(path: Path) -> tuple[str | None, str | None]:
    """Return task and model as in ``details/<organization>/<model>/<date>/details_<task>_<date>``."""
    name = _NAME.fullmatch(path.name)
    parts = path.parts[:-1]
    model = None
    if "details" in parts and re.fullmatch(_DATE, parts[-1]):
        start = len(parts) - parts[::-1].index("details")
        model = "/".join(parts[start:-1]) or None
    return (_task(name["task"]) if name else None), model
