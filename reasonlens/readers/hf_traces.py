"""Published collections of long traces: OpenR1-Math, OpenThoughts, s1K.

- OpenR1-Math: ``generations`` with ``correctness_math_verify`` and ``finish_reasons`` beside it.
- OpenThoughts: ``conversations`` (from, value), or ``deepseek_reasoning`` and ``deepseek_solution``.
- s1K: ``X_thinking_trajectory`` and ``X_attempt`` for each teacher X; s1K 1.0 without names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._typed import filled, list_of, mapping_of, text_of
from reasonlens.readers._values import statement, text, truth

TITLE = "Trace collections from the Hugging Face Hub: OpenR1-Math, OpenThoughts, s1K"
SHAPE = "rows"
SPLITTABLE = True

_TEACHERS = {
    "deepseek": "deepseek-ai/DeepSeek-R1",
    "gemini": "google/gemini-2.0-flash-thinking-exp",
    "claude": "anthropic/claude-3.7-sonnet",
}
_ASKS = ("user", "human")
_ANSWERS = ("assistant", "gpt")


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognize the columns of one of the collections."""
    rows = [mapping_of(row.data) for row in sample.rows]
    kinds = {_kind(row) for row in rows}
    kind = kinds.pop() if len(kinds) == 1 else None
    return f"has the columns of {_NAMES[kind]}" if kind else None


_NAMES = {
    "generations": "OpenR1-Math (generations, with correctness or finish reasons)",
    "solved": "OpenThoughts (deepseek_reasoning, deepseek_solution)",
    "conversation": "OpenThoughts or another ShareGPT-style set (conversations of from and value)",
    "attempts": "s1K (a thinking trajectory and an attempt)",
}


def _kind(row: Mapping[str, Any]) -> str | None:
    if isinstance(row.get("generations"), list) and row.keys() & {
        "correctness_math_verify",
        "finish_reasons",
        "is_reasoning_complete",
    }:
        return "generations"
    if {"deepseek_reasoning", "deepseek_solution"} <= row.keys():
        return "solved"
    if _teachers(row) or {"thinking_trajectories", "attempt"} <= row.keys():
        return "attempts"
    turns = list_of(row.get("conversations"))
    if turns and all({"from", "value"} <= mapping_of(turn).keys() for turn in turns):
        return "conversation"
    return None


def _teachers(row: Mapping[str, Any]) -> list[str]:
    return [name for name in _TEACHERS if {f"{name}_thinking_trajectory", f"{name}_attempt"} <= row.keys()]


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per generation, conversation or attempt."""
    readers = {
        "generations": _generations,
        "solved": _solved,
        "conversation": _conversation,
        "attempts": _attempts,
    }
    for item in items:
        kind = _kind(item.data)
        if kind is None:
            yield Skipped(item.place, "the columns are not those of the first rows")
        else:
            yield from readers[kind](item)


def _generations(item: Row) -> Iterator[Record | Skipped]:
    row = item.data
    outputs = row["generations"]
    if not outputs:
        yield Skipped(item.place, "no response (no generations)")
    marks = _beside(row, outputs, "correctness_math_verify", "correctness_llama")
    finishes = _beside(row, outputs, "finish_reasons")
    for i, output in enumerate(outputs):
        if not isinstance(output, str):
            yield Skipped(item.place, f"no response (generation {i} is {type(output).__name__})")
            continue
        yield Record(
            place=item.place,
            response=output,
            problem=text_of(row.get("problem")),
            problem_id=text_of(row.get("uuid")),
            dataset=text_of(row.get("source")),
            model=_TEACHERS["deepseek"],
            model_kind="teacher",
            sample=i,
            gold=text(row.get("answer")),
            correct=truth(marks[i]),
            finish=text_of(finishes[i]),
        )


def _beside(row: Mapping[str, Any], outputs: list[Any], *names: str) -> list[Any]:
    """Return the first of the named lists that has a value for each output."""
    for name in names:
        values = list_of(row.get(name))
        if len(values) == len(outputs):
            return values
    return [None] * len(outputs)


def _solved(item: Row) -> Iterator[Record | Skipped]:
    row = item.data
    yield Record(
        place=item.place,
        response=text_of(row["deepseek_solution"]),
        reasoning=text_of(row["deepseek_reasoning"]),
        problem=text_of(row.get("problem")),
        dataset=text_of(row.get("source")),
        model=_TEACHERS["deepseek"],
        model_kind="teacher",
        gold=filled(row.get("answer"), row.get("ground_truth_solution")),
        correct=truth(row.get("correct")),
    )


def _conversation(item: Row) -> Iterator[Record | Skipped]:
    row = item.data
    turns = [(str(turn["from"]), turn["value"]) for turn in row["conversations"]]
    answers = [value for role, value in turns if role in _ANSWERS]
    asked = [value for role, value in turns if role in _ASKS and isinstance(value, str)]
    if not answers or not isinstance(answers[-1], str):
        yield Skipped(item.place, "no response (no assistant turn)")
        return
    yield Record(
        place=item.place,
        response=answers[-1],
        problem=statement(asked[-1]) if asked else None,
        prompt="\n\n".join(asked) or None,
        problem_id=text_of(row.get("id")),
        dataset=text_of(row.get("source")),
        model=text_of(row.get("model")),
        gold=filled(row.get("answer"), row.get("ground_truth_solution")),
        correct=truth(row.get("correct")),
    )


def _attempts(item: Row) -> Iterator[Record | Skipped]:
    row = item.data
    shared: dict[str, Any] = {
        "problem": text_of(row.get("question")),
        "dataset": text_of(row.get("source_type")),
        "gold": text_of(row.get("solution")),
    }
    for name in _teachers(row):
        thought, said = _first(row[f"{name}_thinking_trajectory"]), _first(row[f"{name}_attempt"])
        if thought is None and said is None:
            yield Skipped(item.place, f"no response (no attempt of {name})")
            continue
        yield Record(
            place=item.place,
            response=said,
            reasoning=thought,
            model=_TEACHERS[name],
            model_kind="teacher",
            correct=truth(row.get(f"{name}_grade")),
            **shared,
        )
    if not _teachers(row):
        yield from _unnamed_attempts(item, shared)


def _unnamed_attempts(item: Row, shared: Mapping[str, Any]) -> Iterator[Record | Skipped]:
    thoughts = [text_of(thought) for thought in list_of(item.data["thinking_trajectories"])]
    said = text_of(item.data["attempt"])
    if said is None and not any(thoughts):
        yield Skipped(item.place, "no response (no attempt)")
        return
    yield Record(place=item.place, response=said, reasoning=thoughts[0] if thoughts else None, **shared)


def _first(value: Any) -> str | None:
    """Return a text, also if it stands in a list of one (as in the first upload of s1K-1.1)."""
    return text_of(value[0]) if isinstance(value, list) and value else text_of(value)
