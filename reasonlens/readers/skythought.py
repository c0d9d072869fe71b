"""Results of SkyThought's ``inference_and_check``: one JSON object, keyed by problem.

``responses`` maps a temperature to an output (or to a list of them) in earlier versions and
lists the outputs in later ones; ``token_usages`` runs parallel to it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._typed import filled, list_of, mapping_of, text_of
from reasonlens.readers._values import number, truth

TITLE = "SkyThought inference_and_check (JSON object keyed by problem)"
SHAPE = "document"
SPLITTABLE = False

_LOOKED_AT = 20
_SUMMARY = {"configuration", "accuracy", "total_completion_tokens"}
_NAME = re.compile(
    r"(?P<model>.+?)_(?P<dataset>AIME|AMC23|APPS|ARC-C|GPQADiamond|GSM8K|LiveCodeBench\w*?|MATH500|Math500|MMLU|"
    r"MMLUPro|MinervaMath|NUMINA|OlympiadBench\w*?|TACO)_"
)


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognise entries with ``responses`` that hold ``content``; refuse the summary file."""
    if sample.container != "document" or not sample.rows:
        return None
    document = mapping_of(sample.rows[0].data)
    if document.keys() >= _SUMMARY:
        return Refusal(
            "this is a summary file of SkyThought (accuracy, token totals) and holds no model outputs; "
            "give the results file of the same run"
        )
    entries = list(document.values())[:_LOOKED_AT]
    if entries and all(_is_entry(entry) for entry in entries):
        return "is keyed by problem, each with responses that hold content (SkyThought)"
    return None


def _is_entry(entry: Any) -> bool:
    outputs = list(_outputs(mapping_of(entry).get("responses")))
    return bool(outputs) and all("content" in mapping_of(output) for _, _, output in outputs)


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per output; outputs at several temperatures are samples of one problem."""
    name = _NAME.match(context.path.name)
    model, dataset = (name["model"], name["dataset"]) if name else (None, None)
    for item in items:
        if not isinstance(item.data, dict):
            yield Skipped(item.place, "the document is not an object keyed by problem")
            continue
        for place, (key, entry) in enumerate(item.data.items(), start=1):
            yield from _entry(f"entry {place}", str(key), mapping_of(entry), model, dataset)


def _entry(
    place: str, key: str, entry: Mapping[str, Any], model: str | None, dataset: str | None
) -> Iterator[Record | Skipped]:
    problem = filled(entry.get("problem"), entry.get("question"), entry.get("prompt"))
    usages = {index: usage for index, _, usage in _outputs(entry.get("token_usages"))}
    outputs = list(_outputs(entry.get("responses")))
    if not outputs:
        yield Skipped(place, "the entry has no responses")
    for index, temperature, output in outputs:
        content = mapping_of(output).get("content")
        if not isinstance(content, str):
            yield Skipped(f"{place}, output {index}", "an output has no text under content")
            continue
        yield Record(
            place,
            content,
            problem=problem,
            prompt=filled(entry.get("prompt")),
            problem_id=text_of(key),
            dataset=dataset,
            model=model,
            sample=index,
            gold=filled(entry.get("answer"), entry.get("solution")),
            correct=truth(mapping_of(output).get("correctness")),
            n_model_tokens=number(mapping_of(usages.get(index)).get("completion_tokens")),
            decoding=None if temperature is None else {"temperature": temperature},
        )


def _outputs(responses: Any) -> Iterator[tuple[int, float | None, Any]]:
    """Yield ``(sample, temperature, output)`` from a list or from an object by temperature."""
    groups: list[tuple[float | None, Any]] = [(None, list_of(responses))]
    if isinstance(responses, dict):
        groups = [(_temperature(key), value) for key, value in responses.items()]
    sample = 0
    for temperature, group in groups:
        for output in group if isinstance(group, list) else [group]:
            yield sample, temperature, output
            sample += 1


def _temperature(key: Any) -> float | None:
    try:
        value = float(key)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
