"""Chat completions as servers return them, and lists of chat messages.

A completion has ``choices`` with a ``message`` each; its reasoning stands in the content, or
apart under ``reasoning`` (newer vLLM, OpenRouter) or ``reasoning_content`` (DeepSeek, older vLLM).
The request is taken from ``messages``, ``prompt`` or ``request`` beside the completion, which may
itself be nested under ``response``, ``completion`` or ``body``. A message list is read up to its
last assistant turn, which is the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._messages import Answer, answer_of
from reasonlens.readers._typed import filled, list_of, mapping_of, scalars_of, text_of
from reasonlens.readers._values import chat_text, last_user, number, text, truth

TITLE = "Chat completions (choices) and message lists (messages), OpenAI style"
SHAPE = "rows"
SPLITTABLE = True

_NESTED = ("response", "completion", "body", "raw_response")
_MESSAGES = ("messages", "conversation", "dialog")
_SETTINGS = ("temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "seed")
_OUTPUTS = {"response", "output", "completion", "generation"} | {"responses", "outputs", "generations"}


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognize completions and message lists with an answer."""
    rows = [mapping_of(row.data) for row in sample.rows]
    if not rows or any("custom_id" in row for row in rows):  # batch files have a reader of their own
        return None
    if all(_completion(row) is not None for row in rows):
        return "has choices with messages (chat completions)"
    if any(_completion(row) is not None or row.keys() & _OUTPUTS for row in rows):
        return None
    lists = [_messages(row) for row in rows]
    if not all(lists):
        return None
    if any(_last_answer(messages) is not None for messages in lists):
        return "has message lists with an assistant turn"
    return Refusal("these rows are chat prompts: no message list has an assistant turn")


def _completion(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the chat completion that a row is or holds."""
    for data in (row, *(mapping_of(row.get(name)) for name in _NESTED)):
        choices = list_of(data.get("choices"))
        if choices and all(mapping_of(choice).keys() & {"message", "text"} for choice in choices):
            return data
    return None


def _messages(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    for name in _MESSAGES:
        turns = list_of(row.get(name))
        if turns and all("role" in mapping_of(turn) for turn in turns):
            return turns
    return []


def _last_answer(messages: list[Mapping[str, Any]]) -> int | None:
    found = [i for i, message in enumerate(messages) if message.get("role") == "assistant"]
    return found[-1] if found else None


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per choice, or per message list."""
    for item in items:
        completion = _completion(item.data)
        if completion is not None:
            yield from _choices(item, completion)
        else:
            yield _conversation(item)


def _choices(item: Row, completion: Mapping[str, Any]) -> Iterator[Record | Skipped]:
    usage = mapping_of(completion.get("usage"))
    choices = completion["choices"]
    alone = len(choices) == 1
    details = mapping_of(usage.get("completion_tokens_details"))
    for i, choice in enumerate(choices):
        message = choice.get("message")
        hidden = number(details.get("reasoning_tokens")) if alone else None
        if message is None:
            answer = Answer(text_of(choice.get("text")), None, False)
        else:
            answer = answer_of(message, hidden)
        if _is_nothing(answer):
            yield Skipped(item.place, "no response (a choice without content)")
            continue
        index = number(choice.get("index"))
        yield _record(
            item,
            answer,
            _request(item.data),
            model=text_of(completion.get("model")) or text_of(item.data.get("model")),
            sample=None if alone else i if index is None else index,
            finish=text_of(choice.get("finish_reason")),
            n_model_tokens=number(usage.get("completion_tokens")) if alone else None,
        )


def _is_nothing(answer: Answer) -> bool:
    return answer.text is None and answer.reasoning is None and not answer.withheld


def _request(row: Mapping[str, Any]) -> Any:
    """Return the prompt that stands beside a completion."""
    for data in (row, mapping_of(row.get("request")), mapping_of(mapping_of(row.get("request")).get("body"))):
        for name in (*_MESSAGES, "prompt"):
            if data.get(name):
                return data[name]
    return None


def _conversation(item: Row) -> Record | Skipped:
    messages = _messages(item.data)
    last = _last_answer(messages)
    if last is None:
        return Skipped(item.place, "no response (no assistant turn)")
    answer = answer_of(messages[last])
    if _is_nothing(answer):
        return Skipped(item.place, "no response (the assistant turn has no text)")
    return _record(item, answer, messages[:last], model=text_of(item.data.get("model")))


def _record(item: Row, answer: Answer, prompt: Any, **more: Any) -> Record:
    row = item.data
    return Record(
        place=item.place,
        response=answer.text,
        reasoning=answer.reasoning,
        withheld=answer.withheld,
        problem=filled(row.get("problem"), row.get("question")) or last_user(prompt),
        prompt=chat_text(prompt),
        problem_id=filled(row.get("problem_id"), row.get("question_id"), row.get("unique_id")),
        dataset=filled(row.get("dataset"), row.get("benchmark"), row.get("data_source"), row.get("source")),
        gold=text(_first_of(row, "gold", "answer", "ground_truth", "target")),
        correct=truth(_first_of(row, "correct", "is_correct", "score")),
        decoding=scalars_of(mapping_of(row.get("request")) or row, _SETTINGS),
        **more,
    )


def _first_of(row: Mapping[str, Any], *names: str) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)
