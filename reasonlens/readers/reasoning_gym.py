"""Evaluation results of reasoning-gym: ``results.json``, or one file per data set.

A result has a question, the expected answer and ``completions``, each with the whole
``full_model_response`` and a score from 0 to 1; ``correct`` means the full score, 1.

Behind an API that hides the reasoning, the file keeps only the final ``<answer>``. Where every
response of a file is such a block or empty, the reasoning counts as withheld.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._typed import filled, list_of, mapping_of, scalars_of

TITLE = "reasoning-gym evaluation (results.json or one JSON file per data set)"
SHAPE = "document"
SPLITTABLE = False

_DECODING = ("temperature", "top_p", "top_k", "max_tokens", "seed")
_ANSWER_ONLY = re.compile(r"\s*(<answer>((?!</?answer>).)*</answer>\s*)?", re.DOTALL)
_NONE_STORED = "this is a reasoning-gym file that stores scores and no model responses; "


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognise both kinds of file; refuse the summary and files without responses."""
    if sample.container != "document" or not sample.rows:
        return None
    document = mapping_of(sample.rows[0].data)
    if "dataset_best_scores" in document or "dataset_mean_scores" in document:
        return Refusal(_NONE_STORED + "give results.json or the files in the category folders instead")
    sets = list(_sets(document))
    if not sets:
        return None
    if not any(True for _, result in _results(sets) if list_of(result.get("completions"))):
        return Refusal(_NONE_STORED + "run the evaluation again with --full-results")
    return "has the results of reasoning-gym data sets, with completions"


def _sets(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the data sets of either kind of file with their place in it."""
    if _is_set(document):
        yield "", document
        return
    for i, category in enumerate(list_of(document.get("categories"))):
        for j, dataset in enumerate(list_of(mapping_of(category).get("datasets"))):
            if _is_set(mapping_of(dataset)):
                yield f"categories[{i}].datasets[{j}].", dataset


def _is_set(document: Mapping[str, Any]) -> bool:
    named = isinstance(document.get("name"), str) and isinstance(document.get("results"), list)
    return named and ("category" in document or "config" in document)


def _results(sets: list[tuple[str, Mapping[str, Any]]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for place, dataset in sets:
        for index, result in enumerate(list_of(dataset.get("results"))):
            yield f"{place}results[{index}]", mapping_of(result)


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per completion."""
    for item in items:
        document = mapping_of(item.data)
        sets = list(_sets(document))
        if not sets:
            yield Skipped(item.place, "the document has no data sets with results")
        metadata = mapping_of(document.get("metadata"))
        withheld = _only_answers(sets)
        for place, dataset in sets:
            for at, result in _results([(place, dataset)]):
                yield from _completions(at, result, dataset, metadata, withheld)


def _only_answers(sets: list[tuple[str, Mapping[str, Any]]]) -> bool:
    responses = [
        mapping_of(completion).get("full_model_response")
        for _, result in _results(sets)
        for completion in list_of(result.get("completions"))
    ]
    texts = [text for text in responses if isinstance(text, str)]
    return any("<answer>" in text for text in texts) and all(_ANSWER_ONLY.fullmatch(text) for text in texts)


def _completions(
    place: str,
    result: Mapping[str, Any],
    dataset: Mapping[str, Any],
    metadata: Mapping[str, Any],
    withheld: bool,
) -> Iterator[Record | Skipped]:
    completions = result.get("completions")
    if not isinstance(completions, list) or not completions:
        error = filled(result.get("error"))
        yield Skipped(place, "the result has no completions" + (f" ({error[:200]})" if error else ""))
        return
    problem = filled(result.get("question"))
    system = filled(dataset.get("system_prompt"), metadata.get("system_prompt"))
    for index, completion in enumerate(map(mapping_of, completions)):
        response = completion.get("full_model_response")
        at = f"{place}.completions[{index}]"
        if not isinstance(response, str):
            yield Skipped(at, "the completion has no text under full_model_response")
            continue
        yield Record(
            at,
            response,
            withheld=withheld,
            problem=problem,
            prompt=f"{system}\n\n{problem}" if system and problem else problem,
            dataset=filled(dataset.get("name")),
            model=filled(metadata.get("model"), dataset.get("model")),
            sample=index,
            gold=filled(result.get("expected_answer")),
            correct=_correct(completion.get("score")),
            decoding=scalars_of(metadata, _DECODING),
        )


def _correct(score: Any) -> bool | None:
    """Return whether the full score was reached; other scores are partial credit."""
    if isinstance(score, bool):
        return score
    return score >= 1 if isinstance(score, int | float) else None
