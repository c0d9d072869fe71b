"""Which part of a response is reasoning and which is the answer.

Models mark their reasoning in different ways, and templates and decoders remove some of the
marks. The rules are tried in the order of `RULES`; the one that applied is recorded with the
trace. Both parts are slices of the response, so that offsets can be carried over.

Three decisions hold for all rules:

- No text is lost: what is neither white space nor a marker is in exactly one part. Text before
  the first opening marker counts as reasoning.
- Reasoning runs from the first opening to the *last* closing marker that text follows. A thought
  that mentions the closing tag, or a model that thinks in several blocks, is therefore not cut
  short; a stray closing tag after the answer changes nothing. A marker in quotes or backticks is
  text.
- The parts are trimmed of white space, of ``<answer>`` and solution markers around the answer
  and of end-of-turn tokens. Without any marker the response is left as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["RULES", "Split", "split"]

RULES = {
    "think_tags": "<think> ... </think>, or another spelling of the tag",
    "close_tag_only": "a closing tag without an opening one (the template opened it)",
    "open_tag_only": "an opening tag, or a prompt that ends in one, and no closing one: all is reasoning",
    "thought_markers": "<|begin_of_thought|> ... <|end_of_thought|>",
    "bare_lines": "a first line 'think' and a later line 'answer'",
    "harmony": "the channels analysis and final",
    "answer_tag": "<answer> after text that no tag closes",
    "fields": "the file keeps reasoning and answer apart (set by the reader, not by split)",
    "none": "no marker: all is reasoning",
}
"""The rules in the order they are tried, each with what it looks for."""


@dataclass(frozen=True, slots=True)
class Split:
    """The two parts of a response.

    ``reasoning`` is ``response[reasoning_start:reasoning_end]``, ``answer`` likewise; offsets are
    half-open and count Python characters. ``closed`` is false if reasoning was opened and never
    closed; then the answer is empty.
    """

    reasoning: str
    answer: str
    rule: str
    closed: bool
    reasoning_start: int
    reasoning_end: int
    answer_start: int
    answer_end: int


class _Marker(NamedTuple):
    kind: str
    start: int
    end: int


# Spellings: DeepSeek-R1, Qwen3 and many others; GRPO recipes (<reasoning>), Marco-o1 (<Thought>),
# Seed-OSS (<seed:think>), Cohere Command A, Apertus, MedGemma, Magistral ([THINK]), Kimi (◁think▷).
_NAMES = "(?:think|thinking|thought|thoughts|reasoning|seed:think)>"
_OPEN = rf"{_NAMES}|\|START_THINKING\|>|\|inner_prefix\|>|unused94>thought\b"
_CLOSE = rf"/{_NAMES}|\|END_THINKING\|>|\|inner_suffix\|>|unused95>"
_ANSWER = r"answer>|\|begin_of_solution\|>|\|START_RESPONSE\|>"
_ENDS = (
    r"/answer>|\|(?:end_of_solution|END_RESPONSE|im_end|endoftext|eot_id|eom_id|end_of_text|return|end)\|>"
    r"|｜end▁of▁sentence｜>|/s>"
)
_ANGLED = re.compile(  # with the common "<" in front the engine skips from one to the next
    rf"<(?:(?P<open>{_OPEN})|(?P<close>{_CLOSE})|(?P<answer>{_ANSWER})"
    r"|(?P<begin>\|begin_of_thought\|>)|(?P<end>\|end_of_thought\|>))",
    re.IGNORECASE,
)
_OTHER = re.compile(r"(?P<open>\[THINK\]|◁think▷)|(?P<close>\[/THINK\]|◁/think▷)")
_PROMPT_OPENS = re.compile(rf"(?:<(?:{_OPEN}|\|begin_of_thought\|>)|\[THINK\]|◁think▷)\s*\Z", re.IGNORECASE)
_LEAD = re.compile(rf"\s*(?:<(?:{_ANSWER})\s*)?", re.IGNORECASE)
_TAIL = re.compile(rf"(?:\s|<(?:{_ENDS}))+\Z", re.IGNORECASE)
_NO_TEXT = re.compile(
    rf"(?:\s|<(?:{_ENDS}|{_OPEN}|{_CLOSE}|{_ANSWER}|\|(?:begin|end)_of_thought\|>)|\[/?THINK\]|◁/?think▷)+\Z",
    re.IGNORECASE,
)
_STEP = 64  # characters looked at in one step from the end; no marker is as long

_THINK_LINE = re.compile(r"\s*(?:<\|im_start\|>)?think[ \t]*\r?\n")
_ANSWER_LINE = re.compile(r"\n(?:<\|im_start\|>)?answer[ \t]*\r?(?:\n|\Z)")
_ANALYSIS = re.compile(
    r"\s*(?:(?:<\|start\|>assistant)?<\|channel\|>analysis[^<]*<\|message\|>|analysis(?=[A-Z]))"
)
_FINAL = re.compile(
    r"(?:<\|(?:end|call)\|>)?(?:<\|start\|>assistant)?<\|channel\|>final[^<]*<\|message\|>|assistantfinal"
)
_QUOTES = frozenset("`'\"“”‘’«»")


def split(response: str, *, prompt: str | None = None) -> Split:
    """Split `response` into reasoning and answer.

    Parameters
    ----------
    response
        What the model wrote, markers included.
    prompt
        What it was given, if known. A prompt that ends in an opening tag makes a response
        without markers unclosed reasoning.

    Examples
    --------
    >>> s = split("<think>2 + 2 is 4.</think>\\n4")
    >>> s.reasoning, s.answer, s.rule
    ('2 + 2 is 4.', '4', 'think_tags')
    """
    found = _markers(response)
    answers = [mark for mark in found if mark.kind == "answer"]
    if tags := [mark for mark in found if mark.kind in ("open", "close")]:
        return _paired(response, tags, answers, _tag_rule(tags))
    if thoughts := [mark for mark in found if mark.kind in ("begin", "end")]:
        return _paired(response, thoughts, answers, "thought_markers")
    if (parts := _by_lines(response) or _by_channels(response)) is not None:
        return parts
    if answers:
        return _build(response, "answer_tag", 0, answers[-1].start, answers[-1].start)
    if prompt is not None and _PROMPT_OPENS.search(prompt, max(0, len(prompt) - _STEP)):
        return _build(response, "open_tag_only", 0, len(response), None)
    return Split(response, "", "none", True, 0, len(response), len(response), len(response))


def _markers(text: str) -> list[_Marker]:
    found: list[_Marker] = []
    # A substring search is far faster than the expression and settles most unmarked texts.
    if "<" in text:
        found.extend(_unquoted(text, _ANGLED))
    if "THINK]" in text or "think▷" in text:
        found = sorted([*found, *_unquoted(text, _OTHER)], key=lambda mark: mark.start)
    return found


def _unquoted(text: str, pattern: re.Pattern[str]) -> list[_Marker]:
    found = []
    for match in pattern.finditer(text):
        start, end = match.span()
        if not (text[start - 1 : start] in _QUOTES and text[end : end + 1] in _QUOTES):
            found.append(_Marker(match.lastgroup or "", start, end))
    return found


def _tag_rule(tags: list[_Marker]) -> str:
    if tags[0].kind == "close":
        return "close_tag_only"
    return "think_tags" if any(tag.kind == "close" for tag in tags) else "open_tag_only"


def _paired(text: str, marks: list[_Marker], answers: list[_Marker], rule: str) -> Split:
    first = marks[0]
    opened_first = first.kind in ("open", "begin") and not text[: first.start].strip()
    start = first.end if opened_first else 0
    last = _end_of_text(text, _NO_TEXT, 0, len(text))
    closes = [mark for mark in marks if mark.kind in ("close", "end")]
    followed = [mark for mark in closes if mark.end < last]
    closing = followed[-1] if followed else closes[0] if closes else None
    begun = [mark for mark in marks if mark.kind in ("open", "begin") and mark.end < last]
    if closing is not None and (not begun or begun[-1].start < closing.start):
        return _build(text, rule, start, closing.start, closing.end)
    after = [mark.start for mark in answers if begun and mark.start >= begun[-1].end]
    if after:  # the model went on to its answer without closing the thought
        return _build(text, "answer_tag" if rule == "open_tag_only" else rule, start, after[-1], after[-1])
    return _build(text, rule, start, len(text), None)


def _by_lines(text: str) -> Split | None:
    opening = _THINK_LINE.match(text)
    if opening is None:
        return None
    lines = list(_ANSWER_LINE.finditer(text, opening.end() - 1))
    if not lines:
        return _build(text, "bare_lines", opening.end(), len(text), None)
    at = max(lines[-1].start(), opening.end())
    return _build(text, "bare_lines", opening.end(), at, lines[-1].end())


def _by_channels(text: str) -> Split | None:
    opening = _ANALYSIS.match(text)
    if opening is None and "<|channel|>final" not in text:
        return None
    start = opening.end() if opening else 0
    finals = list(_FINAL.finditer(text, start))
    if finals:
        return _build(text, "harmony", start, finals[-1].start(), finals[-1].end())
    return _build(text, "harmony", start, len(text), None) if opening else None


def _build(text: str, rule: str, start: int, end: int, answer: int | None) -> Split:
    """Trim both parts; `answer` is where the second starts, None if nothing closed the first."""
    start, end = _trim(text, start, end)
    if answer is None:
        a_start = a_end = len(text)
    else:
        lead = _LEAD.match(text, answer)
        a_start, a_end = _trim(text, lead.end() if lead else answer, len(text))
    return Split(text[start:end], text[a_start:a_end], rule, answer is not None, start, end, a_start, a_end)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    end = _end_of_text(text, _TAIL, start, end)
    while start < end and text[start].isspace():
        start += 1
    return start, end


def _end_of_text(text: str, tail: re.Pattern[str], start: int, end: int) -> int:
    """Return where `text` ends when everything that `tail` matches at its end is left out."""
    while end > start:
        if text[end - 1].isspace():
            end -= 1
            continue
        match = tail.search(text[max(start, end - _STEP) : end]) if text[end - 1] in ">]▷" else None
        if match is None:
            break
        end -= len(match.group())
    return end
