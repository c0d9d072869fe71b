"""``samples_<task>_<date>.jsonl`` of lm-evaluation-harness (``--log_samples``).

The file has one row per document and *filter*; the output is the same in each, so that only the
first filter's row gives records, with that filter's metrics. A metric holds for the document:
with several repeats it does not tell which output was right, and ``correct`` stays unknown.
The harness itself may have cut the text before ``think_end_token`` when it wrote the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._messages import asked
from reasonlens.readers._typed import filled, list_of, mapping_of, scalars_of, text_of
from reasonlens.readers._values import truth

TITLE = "lm-evaluation-harness samples (samples_<task>_<date>.jsonl)"
SHAPE = "rows"
SPLITTABLE = False

_COLUMNS = {"doc_id", "doc", "arguments", "resps"}
_NAME = re.compile(r"samples_(?P<task>.+?)_\d{4}-\d\d-\d\dT[\d\-:.]+\.jsonl")
_CORRECT = ("exact_match", "math_verify", "acc", "correct", "is_correct", "em", "pass@1", "acc_norm")
_PROBLEM = ("question", "problem", "query", "prompt", "input", "text")
_GOLD = ("answer", "gold", "target", "best_answer")
_NO_TEXT = "the row holds log-likelihoods of given answers, no generated text"


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognise the columns; refuse log-likelihood tasks and results files."""
    rows = [mapping_of(row.data) for row in sample.rows]
    if sample.container == "document":
        return _aggregate(rows[0]) if rows else None
    if not rows or not all(row.keys() >= _COLUMNS for row in rows):
        return None
    if all(isinstance(row["resps"], list) and not _outputs(row["resps"]) for row in rows):
        return Refusal(
            "these are lm-evaluation-harness samples of a log-likelihood task: they hold scores of given "
            "answers and no generated text; give the samples file of a generate_until task"
        )
    return "has the columns doc_id, doc, arguments and resps of lm-evaluation-harness samples"


def _aggregate(document: Mapping[str, Any]) -> Refusal | None:
    if {"results", "configs", "versions", "n-shot"} <= document.keys():
        return Refusal(
            "this is a results file of lm-evaluation-harness with scores per task and no model outputs; "
            "give the samples_*.jsonl files that --log_samples writes"
        )
    return None


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per output of each document, whatever the number of its filters."""
    seen: dict[str, tuple[str | None, int]] = {}  # doc_id -> its first filter, outputs so far
    dataset, model = _names(context.path)
    for item in items:
        row = mapping_of(item.data)
        document = text_of(row.get("doc_id"))
        if document is None:
            yield Skipped(item.place, "the row has no doc_id")
            continue
        if not isinstance(row.get("resps"), list):
            yield Skipped(item.place, "the column resps is not a list")
            continue
        outputs = _outputs(row["resps"])
        if not outputs:
            yield Skipped(item.place, _NO_TEXT if row["resps"] else "the column resps is an empty list")
            continue
        name = text_of(row.get("filter"))
        first, so_far = seen.get(document, (name, 0))
        if first != name:
            yield Skipped(item.place, "another filter's row of the same output")
            continue
        seen[document] = (first, so_far + len(outputs))  # a file may hold two runs: it is appended to
        yield from _records(item.place, row, outputs, so_far, dataset, model)


def _records(
    place: str,
    row: Mapping[str, Any],
    outputs: list[str],
    start: int,
    dataset: str | None,
    model: str | None,
) -> Iterator[Record]:
    doc = mapping_of(row.get("doc"))
    problem = filled(*(doc.get(key) for key in _PROBLEM))
    prompt, decoding = _request(row.get("arguments"))
    for index, output in enumerate(outputs):
        yield Record(
            place,
            output,
            problem=problem,
            prompt=prompt,
            problem_id=text_of(row.get("doc_id")),
            dataset=dataset,
            model=model,
            sample=start + index,
            gold=filled(row.get("target"), *(doc.get(key) for key in _GOLD)),
            correct=_correct(row) if len(outputs) == 1 else None,
            decoding=decoding,
        )


def _outputs(resps: list[Any]) -> list[str]:
    """Return the texts of ``[[text, text]]`` (or ``[text]``); pairs of numbers give none."""
    found: list[str] = []
    for response in resps:
        if isinstance(response, str):
            found.append(response)
        elif isinstance(response, list) and not _is_score(response):
            found.extend(text for text in response if isinstance(text, str))
    return found


def _is_score(pair: list[Any]) -> bool:
    """Tell a ``[log-probability, is greedy]`` pair, which may be written as two strings."""
    return (
        len(pair) == 2 and (isinstance(pair[1], bool) or pair[1] in ("True", "False")) and _is_number(pair[0])
    )


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _request(arguments: Any) -> tuple[str | None, dict[str, Any] | None]:
    """Return prompt and generation settings of ``{"gen_args_0": {"arg_0", "arg_1"}}`` or ``[[…]]``."""
    if isinstance(arguments, dict):
        first = mapping_of(arguments.get("gen_args_0"))
        given = [first.get("arg_0"), first.get("arg_1")]
    else:
        outer = list_of(arguments)
        given = [*(list_of(outer[0]) if outer else []), None, None]
    prompt = given[0]
    if isinstance(prompt, list):  # a chat, or its JSON text in a list of one
        prompt = prompt[0] if prompt and isinstance(prompt[0], str) else asked(prompt)[0]
    return text_of(prompt), scalars_of(given[1])


def _correct(row: Mapping[str, Any]) -> bool | None:
    """Return the first metric that tells right from wrong, if it is plainly 0 or 1."""
    metrics = row.get("metrics")
    names = [name for name in _CORRECT if not isinstance(metrics, list) or name in metrics]
    return next((truth(row[name]) for name in names if name in row), None)


def _names(path: Path) -> tuple[str | None, str | None]:
    """Return the task from the file's name and the model from its folder (``org__model``)."""
    name = _NAME.match(path.name)
    organization, mark, model = path.parent.name.partition("__")
    return (name["task"] if name else None), (f"{organization}/{model}" if mark else None)
