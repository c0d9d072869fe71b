"""Logs of Inspect: ``.eval`` archives and ``.json`` documents.

Each sample and epoch is one output: the last message of its run. Reasoning that a provider
hides or encrypts (``redacted``) counts as withheld. Of several scorers the first one that the
log's header names is used: C or 1 is right, I or 0 wrong; P (partial), N (no answer) and other
numbers leave ``correct`` unknown.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._messages import answer_of, asked
from reasonlens.readers._typed import filled, list_of, mapping_of, scalars_of, text_of
from reasonlens.readers._values import number, truth

TITLE = "Inspect log (.eval archive or .json)"
SHAPE = "archive"
SPLITTABLE = False

_SAMPLE = re.compile(r"samples/.+_epoch_\d+(?:/sample)?\.json")
_HEADS = ("header.json", "_journal/start.json")
_ATTACHMENT = "attachment://"
_EMPTY = "this is an Inspect log without samples; run the evaluation again without --no-log-samples"
_GRADES = {"C": True, "I": False}


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognise an archive by its members and a document by its keys."""
    if sample.container == "archive":
        if not set(_HEADS) & set(sample.members):
            return None
        held = any(_SAMPLE.fullmatch(name) for name in sample.members)
        return "is an archive with the members of an Inspect log" if held else Refusal(_EMPTY)
    if sample.container != "document" or not sample.rows:
        return None
    document = mapping_of(sample.rows[0].data)
    if not _is_log(document):
        return None
    return (
        "has the keys of an Inspect log (eval, samples)"
        if list_of(document.get("samples"))
        else Refusal(_EMPTY)
    )


def _is_log(document: Mapping[str, Any]) -> bool:
    return {"task", "model"} <= mapping_of(document.get("eval")).keys() and "version" in document


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per sample and epoch.

    The header of an archive has to come before its samples to name the data set and model;
    members that are neither (journal, summaries, reductions) are passed over.
    """
    header: Mapping[str, Any] = {}
    for item in items:
        if item.place in _HEADS:
            header = mapping_of(item.data) or header
        elif _SAMPLE.fullmatch(item.place):
            yield _sample(item.place, item.data, header)
        elif "/" not in item.place and "samples" in mapping_of(item.data):
            for index, sample in enumerate(list_of(item.data["samples"])):
                yield _sample(f"samples[{index}]", sample, item.data)
        elif not item.place.endswith(".json"):
            yield Skipped(item.place, "the document is not an Inspect log with samples")


def _sample(place: str, data: Any, header: Mapping[str, Any]) -> Record | Skipped:
    sample = mapping_of(data)
    if not sample.keys() >= {"id", "epoch"}:
        return Skipped(place, "the sample has no id and epoch")
    attachments = mapping_of(sample.get("attachments"))
    output = mapping_of(_resolved(sample.get("output"), attachments))
    choices = [mapping_of(choice) for choice in list_of(output.get("choices"))]
    usage = mapping_of(output.get("usage"))
    answer = answer_of(choices[0].get("message") if choices else None, number(usage.get("reasoning_tokens")))
    if answer.text is None or (sample.get("error") and not answer.text.strip()):
        return Skipped(place, _why_empty(sample))
    if answer.text.startswith(_ATTACHMENT):
        return Skipped(place, "the response is an attachment that the log does not hold")
    task = mapping_of(header.get("eval"))
    prompt, problem = _question(sample, attachments)
    epoch = number(sample.get("epoch"))
    return Record(
        place,
        answer.text,
        reasoning=answer.reasoning,
        withheld=answer.withheld,
        problem=problem,
        prompt=prompt,
        problem_id=text_of(sample.get("id")),
        dataset=_dataset(task),
        model=filled(output.get("model"), task.get("model")),
        sample=None if epoch is None else max(epoch - 1, 0),
        gold=_target(_resolved(sample.get("target"), attachments)),
        correct=_correct(mapping_of(sample.get("scores")), task),
        finish=filled(choices[0].get("stop_reason")) if choices else None,
        n_model_tokens=number(usage.get("output_tokens")),
        decoding=scalars_of(task.get("model_generate_config")),
    )


def _question(sample: Mapping[str, Any], attachments: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the prompt as the model got it (messages before the first answer) and the problem."""
    prompt, problem = asked(_resolved(sample.get("input"), attachments))
    messages = list_of(sample.get("messages"))
    before = itertools.takewhile(lambda message: mapping_of(message).get("role") != "assistant", messages)
    return asked(_resolved(list(before), attachments))[0] or prompt, problem


def _why_empty(sample: Mapping[str, Any]) -> str:
    error = sample.get("error")
    if error:
        told = filled(mapping_of(error).get("message"), error)
        return f"the sample ended with an error ({told[:200] if told else 'no message'})"
    return "the sample has no output text"


def _resolved(value: Any, attachments: Mapping[str, Any]) -> Any:
    """Return `value` with each ``attachment://`` reference replaced by what it stands for."""
    if isinstance(value, str) and value.startswith(_ATTACHMENT):
        return attachments.get(value.removeprefix(_ATTACHMENT), value)
    if isinstance(value, list):
        return [_resolved(item, attachments) for item in value]
    if isinstance(value, dict):
        return {key: _resolved(item, attachments) for key, item in value.items()}
    return value


def _dataset(task: Mapping[str, Any]) -> str | None:
    """Return the task without its package: ``inspect_evals/aime2024`` is ``aime2024``."""
    name = filled(task.get("task"), mapping_of(task.get("dataset")).get("name"))
    return name.rpartition("/")[2] or name if name else None


def _target(target: Any) -> str | None:
    """Return the target; of several accepted ones, all, one a line."""
    if isinstance(target, list):
        return "\n".join(text.strip() for text in map(filled, target) if text) or None
    return (filled(target) or "").strip() or None


def _correct(scores: Mapping[str, Any], task: Mapping[str, Any]) -> bool | None:
    names = [mapping_of(scorer).get("name") for scorer in list_of(task.get("scorers"))]
    ordered = [name for name in names if isinstance(name, str) and name in scores] or list(scores)
    if not ordered:
        return None
    score = scores[ordered[0]]
    value = score.get("value") if isinstance(score, dict) else score
    return _GRADES.get(value) if isinstance(value, str) else truth(value)
