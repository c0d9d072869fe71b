"""Output files of the OpenAI batch API, also as Groq, vLLM and others write them.

JSON lines in any order: ``custom_id``, ``response.status_code`` and ``response.body`` (a chat
completion or a completion), or ``error``. The prompts are in the batch *input* file, joined by
``custom_id``: it is the companion ``batch_input``, or else the file beside the output whose name
has ``input`` where this one has ``output``. Without it, problems are known by their
``custom_id`` alone. Several choices of one line are samples of one problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reasonlens.core.errors import InputError
from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._json import complaint, decode
from reasonlens.readers._messages import Answer, answer_of, asked
from reasonlens.readers._open import as_source, open_source
from reasonlens.readers._typed import filled, mapping_of, scalars_of, text_of
from reasonlens.readers._values import number

TITLE = "OpenAI batch output (JSON lines with custom_id and response)"
SHAPE = "rows"
SPLITTABLE = True

_DECODING = (
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "max_tokens",
    "max_completion_tokens",
    "reasoning_effort",
    "presence_penalty",
    "frequency_penalty",
)


def sniff(sample: Sample) -> str | Refusal | None:
    """Recognise output lines; refuse the input file of a batch."""
    rows = [mapping_of(row.data) for row in sample.rows]
    if not rows or sample.container not in ("jsonl", "array"):
        return None
    if all(_is_output(row) for row in rows):
        return "has custom_id with a response or an error in each line (OpenAI batch output)"
    if all({"custom_id", "body"} <= row.keys() and row.keys() & {"method", "url"} for row in rows):
        return Refusal(
            "this is the input file of an OpenAI batch and holds requests, no model outputs; give the batch "
            "output file (the input beside it is used for the prompts)"
        )
    return None


def _is_output(row: Mapping[str, Any]) -> bool:
    if not isinstance(row.get("custom_id"), str):
        return False
    answered = {"status_code", "body"} & mapping_of(row.get("response")).keys()
    return bool(answered) or ("response" in row and isinstance(row.get("error"), dict))


def read(items: Iterable[Row], context: Context) -> Iterator[Record | Skipped]:
    """Yield one record per choice of each answered request.

    Raises
    ------
    InputError
        If the input file of the batch cannot be read.
    """
    requests = _requests(_input_path(context))
    for item in items:
        row = mapping_of(item.data)
        failure = _failure(row)
        if failure is not None:
            yield Skipped(item.place, failure)
            continue
        body = mapping_of(mapping_of(row.get("response")).get("body"))
        yield from _choices(item.place, text_of(row.get("custom_id")), body, requests)


def _failure(row: Mapping[str, Any]) -> str | None:
    """Say why a line holds no answer, or return None if it does."""
    response = mapping_of(row.get("response"))
    body = mapping_of(response.get("body"))
    status = response.get("status_code", 200)
    error = row.get("error") or body.get("error")
    if error:
        told = filled(mapping_of(error).get("message"), mapping_of(error).get("code"), error)
        return f"the request failed ({told[:200] if told else 'no message'})"
    if status != 200:
        return f"the request failed (status {filled(status) or 'unknown'})"
    if not isinstance(body.get("choices"), list) or not body["choices"]:
        return "the response has no choices"
    return None


def _choices(
    place: str, custom_id: str | None, body: Mapping[str, Any], requests: Mapping[str, Mapping[str, Any]]
) -> Iterator[Record | Skipped]:
    request = requests.get(custom_id or "", {})
    prompt, problem = asked(request.get("messages", request.get("prompt")))
    usage = mapping_of(body.get("usage"))
    choices = body["choices"]
    alone = len(choices) == 1  # usage is the sum over the choices
    reasoning_tokens = number(mapping_of(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    for index, choice in enumerate(map(mapping_of, choices)):
        answer = _answer(choice, reasoning_tokens)
        if answer.text is None:
            yield Skipped(f"{place}, choices[{index}]", "the choice has no text (perhaps a tool call)")
            continue
        yield Record(
            place,
            answer.text,
            reasoning=answer.reasoning,
            withheld=answer.withheld,
            problem=problem,
            prompt=prompt,
            problem_id=text_of(custom_id),
            model=filled(body.get("model"), request.get("model")),
            sample=index,
            finish=filled(choice.get("finish_reason")),
            n_model_tokens=number(usage.get("completion_tokens")) if alone else None,
            decoding=scalars_of(request, _DECODING),
        )


def _answer(choice: Mapping[str, Any], reasoning_tokens: int | None) -> Answer:
    if "message" in choice:
        return answer_of(choice["message"], reasoning_tokens)
    return Answer(choice["text"] if isinstance(choice.get("text"), str) else None, None, False)


def _input_path(context: Context) -> Path | None:
    given = context.companions.get("batch_input")
    if given is not None:
        return given
    name = context.path.name
    beside = context.path.with_name(name.replace("output", "input"))
    return beside if "output" in name and beside.is_file() else None


def _requests(path: Path | None) -> dict[str, Mapping[str, Any]]:
    """Return the bodies of a batch input file by ``custom_id``."""
    found: dict[str, Mapping[str, Any]] = {}
    if path is None:
        return found
    with open_source(as_source(path)) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = mapping_of(decode(line)[0])
            except (ValueError, RecursionError) as error:
                raise InputError(
                    f"{path}, line {number} (the input file of the batch) is {complaint(error)}; "
                    "mend it, or move it away to read the output without prompts"
                ) from error
            if isinstance(row.get("custom_id"), str) and isinstance(row.get("body"), dict):
                found[row["custom_id"]] = row["body"]
    if not found:
        raise InputError(
            f"{path} is taken as the input file of the batch but has no line with custom_id and body; "
            "name the right file, or move it away to read the output without prompts"
        )
    return found
