"""verl: rollouts written while training, and outputs of ``main_generation``.

Rollouts are JSON lines with ``input``, ``output``, ``gts``, ``score`` and ``step``. The score is
a reward, not a mark: ``acc`` says whether the answer is right where it is there, and of the score
only 1 (right), 0 and -1 (wrong) are taken; others leave correctness unknown. The step goes to the
decoding settings. ``main_generation`` adds ``responses`` to the rows of the data set, as Parquet
or as one JSON object of columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._typed import list_of, mapping_of, text_of
from reasonlens.readers._values import chat_text, last_user, statement, text, truth

TITLE = "verl rollouts (input, output, gts, score) and main_generation outputs (responses)"
SHAPE = "rows"
SPLITTABLE = True

_ROLLOUT = {"input", "output", "score"}
_DATASET = {"prompt", "reward_model"}
# Rollouts are decoded without special tokens, which leaves the roles of ChatML on lines of their own.
_BARE_TURN = re.compile(r"(?:\A|\n)user\n(.*)\n(?:assistant\n?)(?:<think>\s*)?\Z", re.DOTALL)


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognize rollouts and generated data sets; refuse prompts and metrics."""
    rows = [mapping_of(row.data) for row in sample.rows]
    if not rows:
        return None
    if all(row.keys() >= _ROLLOUT and row.keys() & {"gts", "step"} for row in rows):
        return "has the columns input, output and score of verl rollouts"
    if all(row.keys() >= _DATASET for row in rows):
        if any("responses" in row for row in rows):
            return "has the columns prompt, reward_model and responses of verl main_generation"
        if not any("response" in row or "output" in row for row in rows):
            return Refusal(
                "this is a verl data set with prompts and gold answers and no model outputs; "
                "give the rollouts or the main_generation output"
            )
    if all(set(row) == {"step", "data"} and isinstance(row["data"], dict) for row in rows):
        return Refusal(
            "this is a verl metrics log (one row of numbers per step) and holds no model outputs; "
            "give the files of trainer.rollout_data_dir"
        )
    return None


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per rollout or per response."""
    for item in items:
        if "output" in item.data and "responses" not in item.data:
            yield _rollout(item)
        elif _is_columns(item.data):
            for row in _from_columns(item.data):
                yield from _generated(row)
        else:
            yield from _generated(item)


def _rollout(item: Row) -> Record | Skipped:
    row = item.data
    output = row["output"]
    if not isinstance(output, str):
        return Skipped(item.place, f"no response ('output' is {type(output).__name__})")
    prompt = chat_text(row.get("input"))
    step = row.get("step")
    return Record(
        place=item.place,
        response=output,
        problem=_bare_problem(prompt),
        prompt=prompt,
        problem_id=None if prompt else text_of(row.get("uid")),
        dataset=text_of(row.get("data_source")),
        gold=text(row.get("gts")),
        correct=_right(row),
        finish=text_of(row.get("finish_reason")),
        decoding={"step": step} if isinstance(step, int | float) else None,
    )


def _bare_problem(prompt: str | None) -> str | None:
    match = _BARE_TURN.search(prompt) if prompt else None
    if match is None or "\nuser\n" in match[1]:
        return None
    return statement(match[1])


def _right(row: Mapping[str, Any]) -> bool | None:
    if row.get("acc") is not None:
        return truth(row["acc"])
    score = row.get("score")
    return False if score == -1 else truth(score)


def _is_columns(data: Any) -> bool:
    """Tell whether an object holds columns, as pandas writes them: name to row label to value."""
    return bool(data) and all(isinstance(column, dict) for column in data.values()) and "responses" in data


def _from_columns(data: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    for label in data["responses"]:
        row = {name: column.get(label) for name, column in data.items()}
        yield Row(f"row {label}", row)


def _generated(item: Row) -> Iterator[Record | Skipped]:
    row = item.data
    responses = row.get("responses")
    responses = [responses] if isinstance(responses, str) else list_of(responses)
    if not responses:
        yield Skipped(item.place, "no response ('responses' is missing or empty)")
        return
    extra = mapping_of(row.get("extra_info"))
    shared: dict[str, Any] = {
        "problem": text_of(extra.get("question")) or last_user(row.get("prompt")),
        "prompt": chat_text(row.get("prompt")),
        "problem_id": text_of(extra.get("unique_id")) or text_of(extra.get("index")),
        "dataset": text_of(row.get("data_source")),
        "gold": text(mapping_of(row.get("reward_model")).get("ground_truth")),
    }
    marks = list_of(row.get("is_correct"))
    for i, response in enumerate(responses):
        if not isinstance(response, str):
            yield Skipped(item.place, f"no response (number {i} is {type(response).__name__})")
            continue
        correct = truth(marks[i]) if len(marks) == len(responses) else None
        yield Record(place=item.place, response=response, sample=i, correct=correct, **shared)
