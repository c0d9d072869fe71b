"""One trace as one training row: the prompt of a template, the response that is to be learned, the turns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from reasonlens.backends._templates import Template

__all__ = ["LAYOUTS", "Texts", "failed_call", "response_text", "texts"]

LAYOUTS = ("think", "think-answer", "plain")
"""How reasoning and answer are written: ``<think>`` around the reasoning; ``<answer>`` around the answer,
too; or one after the other without any tag."""

_CHATML = re.compile(r"<\|im_start\|>(system|user|assistant)\n(.*?)<\|im_end\|>", re.DOTALL)
_R1 = re.compile(r"<｜User｜>(.*?)<｜Assistant｜>", re.DOTALL)
_OPEN = re.compile(r"<think>\s*\Z")
_FAILED = re.compile(
    r"\s*(?:error after \d+ attempts|error code: \d{3}|(?:api|request) ?error\b)", re.IGNORECASE
)
_LONGEST_ERROR = 2_000  # characters
_OPENS = re.compile(r"\A<think>\n?")


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a row; `prompt` is empty if only the model's own tokenizer can render it."""

    messages: tuple[dict[str, str], ...]
    prompt: str
    completion: str


def response_text(reasoning: str | None, answer: str | None, response: str | None, layout: str) -> str:
    """Return the response to learn; a trace without reasoning is its response as it is.

    Examples
    --------
    >>> response_text("Wait.", "It is 4.", "", "think")
    '<think>\\nWait.\\n</think>\\n\\nIt is 4.'
    >>> response_text("Wait.", "It is 4.", "", "think-answer")
    '<think>\\nWait.\\n</think>\\n<answer>\\nIt is 4.\\n</answer>'
    """
    thought, said = (reasoning or "").strip(), (answer or "").strip()
    if not thought:
        return (response or said).strip()
    if layout == "plain":
        return f"{thought}\n\n{said}".strip()
    if layout == "think-answer":
        return f"<think>\n{thought}\n</think>\n<answer>\n{said}\n</answer>"
    return f"<think>\n{thought}\n</think>\n\n{said}".rstrip()


def failed_call(reasoning: str | None, response: str | None) -> bool:
    """Tell whether a short text is the message of a server that failed, kept where a response should be.

    Examples
    --------
    >>> failed_call(None, "Error code: 500 - {'error': ..."), failed_call("Error analysis: we ...", None)
    (True, False)
    """
    text = (reasoning or "").strip() or (response or "")
    return len(text) < _LONGEST_ERROR and _FAILED.match(text) is not None


def texts(template: Template, problem: str, response: str) -> Texts:
    """Return the row for one problem and one response.

    The completion ends with the text that ends a turn of the template. Where the prompt opens the reasoning,
    the completion does not open it once more.
    """
    if template.is_chat:
        turns = [{"role": role, "content": said} for role, said in template.messages(problem)]
        return Texts((*turns, {"role": "assistant", "content": response}), "", response)
    prompt = template.render(problem).text
    rest = _OPENS.sub("", response) if _OPEN.search(prompt) else response
    end = "" if not template.stop or rest.endswith(template.stop[0]) else template.stop[0]
    return Texts((*_turns(prompt), {"role": "assistant", "content": response}), prompt, rest + end)


def _turns(prompt: str) -> list[dict[str, str]]:
    """Return the turns that a rendered prompt has; the whole prompt is one where there is no mark of any."""
    said: list[tuple[Any, ...]] = [*_CHATML.findall(prompt)]
    if not said:
        said = [("user", text) for text in _R1.findall(prompt)] or [("user", _OPEN.sub("", prompt).strip())]
    return [{"role": role, "content": text} for role, text in said]
