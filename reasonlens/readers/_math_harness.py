"""Rows that the family of math evaluation harnesses writes: one problem, ``code`` its outputs.

ZubinGou's math-evaluation-harness, the Qwen2.5-Math one made from it and its copies in RL
projects share the columns ``idx, question, gt, code, pred, score``. What the rows do not say
(data set, sampling) stands in the path that the harness chose,
``<data set>/<split>_<prompt type>_<n>_seed<seed>_t<temperature>_s<start>_e<end>.jsonl``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._typed import filled, list_of, mapping_of, text_of
from reasonlens.readers._values import truth

__all__ = ["is_harness", "is_tool_integrated", "read_rows", "refusal", "settings"]

_NAME = re.compile(
    r"(?:train|test|validation|val|dev)_(?P<prompt>.+?)_-?\d+_seed(?P<seed>\d+)"
    r"_t(?P<temperature>\d+(?:\.\d+)?)_s-?\d+_e-?\d+"
)
_TOOL_PROMPTS = re.compile(r"tora|tool|pal\b|pot\b|interpreter", re.IGNORECASE)
_BENCHMARKS = re.compile(
    r"(?<![a-z0-9])(aime_?(?:20)?2\d|amc_?(?:20)?23|math_?500|minerva_math|olympiadbench|gsm8k|svamp|asdiv"
    r"|mawps|tabmwp|mathqa|mmlu_stem|sat_math|gaokao2023en|college_math|carp_en|cn_middle_school"
    r"|hmmt_feb_\d{4})(?![a-z0-9])"
)
_PROGRAM = re.compile(r"\s*```python\b")
_METRICS = {"acc", "num_samples"}
_METRICS_TOO = {"num_scores", "timeout_samples", "empty_samples", "time_use_in_second"}


def is_harness(sample: Sample) -> bool:
    """Tell whether every sampled row has the columns of this family."""
    rows = [mapping_of(row.data) for row in sample.rows]
    return bool(rows) and sample.container in ("jsonl", "array") and all(_has_columns(row) for row in rows)


def _has_columns(row: Any) -> bool:
    return isinstance(row.get("code"), list) and isinstance(row.get("pred"), list) and "gt" in row


def refusal(sample: Sample) -> Refusal | None:
    """Refuse the metrics file that lies beside the outputs."""
    keys = set(mapping_of(sample.rows[0].data)) if sample.container == "document" and sample.rows else set()
    if keys >= _METRICS and keys & _METRICS_TOO:
        return Refusal(
            "this is the metrics file of a math evaluation harness (acc, num_samples) and holds no model "
            "outputs; give the .jsonl file that lies beside it"
        )
    return None


def is_tool_integrated(sample: Sample) -> bool:
    """Tell whether the outputs are programs with their results, by the file name, else the text.

    A base model may invent such blocks within its text, so that each sampled output has to start
    with a program.
    """
    name = _NAME.match(sample.path.name)
    if name:
        return bool(_TOOL_PROMPTS.search(name["prompt"]))
    outputs = [code for row in sample.rows for code in list_of(mapping_of(row.data).get("code"))]
    return bool(outputs) and all(isinstance(code, str) and _PROGRAM.match(code) for code in outputs)


def settings(path: Path) -> tuple[str | None, dict[str, Any] | None]:
    """Return the data set and the decoding settings that a path tells, as far as it does.

    Examples
    --------
    >>> settings(Path("out/aime24/test_qwen25-math-cot_-1_seed0_t0.6_s0_e-1.jsonl"))
    ('aime24', {'temperature': 0.6, 'seed': 0})
    >>> settings(Path("base_amc23.jsonl"))
    ('amc23', None)
    """
    name = _NAME.match(path.name)
    if name:
        decoding = {"temperature": float(name["temperature"]), "seed": int(name["seed"])}
        return path.parent.name or None, decoding
    known = set(_BENCHMARKS.findall(path.name.lower()))
    return (known.pop() if len(known) == 1 else None), None


def read_rows(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per entry of ``code``; a missing score leaves ``correct`` unknown."""
    dataset, decoding = settings(context.path)
    for item in items:
        row = mapping_of(item.data)
        codes = row.get("code")
        if not isinstance(codes, list):
            yield Skipped(item.place, "the column code is not a list of outputs")
            continue
        if not codes:
            yield Skipped(item.place, "the column code is an empty list")
        problem = filled(row.get("question"), row.get("problem"))
        for index, code in enumerate(codes):
            if not isinstance(code, str):
                yield Skipped(f"{item.place}, code[{index}]", "an output is not a text")
                continue
            yield Record(
                item.place,
                code,
                problem=problem,
                prompt=filled(row.get("prompt"), row.get("query")),
                problem_id=text_of(row.get("idx")),
                dataset=filled(row.get("dataset")) or dataset,
                sample=index,
                gold=filled(row.get("gt"), row.get("answer")),
                correct=truth(_at(row.get("score"), index)),
                finish=text_of(_at(row.get("finish_reason"), index)),
                decoding=decoding,
            )


def _at(values: Any, index: int) -> Any:
    """Return the entry for one output; the lists may be shorter than ``code``."""
    if not isinstance(values, list):
        return values if index == 0 else None
    return values[index] if index < len(values) else None
