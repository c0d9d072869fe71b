"""Which problem a trace belongs to, so that files that pose the same problem join.

The statement decides where there is one: two files that number a benchmark differently still
share its text. Differences of layout (white space, dollar signs, LaTeX spacing) do not count,
those of content (digits, operators, signs) do.
"""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata

__all__ = ["normalize", "problem_id", "statement_from_prompt"]

# LaTeX that changes how a formula is set but not what it says.
_SPACING = re.compile(
    r"\\(?:[,;:!> ]|quad\b|qquad\b|left\b\.?|right\b\.?|displaystyle\b|textstyle\b|limits\b|nolimits\b"
    r"|[bB]igg?[lrm]?\b|(?:small|med|big)skip\b|noindent\b|allowbreak\b)"
)
_SAME = (
    (re.compile(r"\\[dt]frac\b"), r"\\frac"),
    (re.compile(r"\\(?:leq|leqslant)\b"), r"\\le"),
    (re.compile(r"\\(?:geq|geqslant)\b"), r"\\ge"),
    (re.compile(r"\\neq\b"), r"\\ne"),
)
_DELIMITERS = re.compile(r"\\[\[\]()]|\$|~")
_SUPERSCRIPT = re.compile(r"[⁰¹²³⁴-⁹⁺⁻ⁿ]+")
_CHARACTERS = str.maketrans(
    {"−": "-", "‐": "-", "‑": "-", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "´": "'"}
)


def normalize(statement: str) -> str:
    """Return the form of `statement` that two copies of one problem share.

    Compatibility forms (NFKC) and case are folded; white space, dollar signs and ``\\\\(``-style
    delimiters and LaTeX spacing commands are removed; dashes and quotation marks are unified.
    Everything else stays.

    Examples
    --------
    >>> normalize("Find $x+1$ when  $x = 2$.") == normalize("find \\\\(x + 1\\\\) when $x=2$.")
    True
    >>> normalize("x+1") == normalize("x-1")
    False
    """
    text = _SUPERSCRIPT.sub(lambda run: "^" + run.group(), statement)  # or x² would become x2
    text = unicodedata.normalize("NFKC", text).translate(_CHARACTERS)
    text = _SPACING.sub(" ", text)
    for pattern, plain in _SAME:
        text = pattern.sub(plain, text)
    text = _DELIMITERS.sub("", text)
    return "".join(text.casefold().split())


def problem_id(statement: str | None, dataset: str | None = None, source_id: str | None = None) -> str | None:
    """Return the id of a problem, the same in every file that has it.

    Parameters
    ----------
    statement
        The problem's text; it decides if it has any letter or digit.
    dataset, source_id
        The benchmark and the file's own id, used without a statement.

    Returns
    -------
    str or None
        ``p-`` and 16 hexadecimal digits (from the statement), ``id-`` and 16 (from the file's
        id), or ``None`` if nothing is known.
    """
    found = _from_statement(statement) if statement is not None else None
    if found is not None:
        return found
    if source_id is not None and source_id.strip():
        return "id-" + _digest(f"{(dataset or '').strip().casefold()}\x1f{source_id.strip()}")
    return None


@functools.lru_cache(maxsize=4096)  # many traces pose the same problem
def _from_statement(statement: str) -> str | None:
    plain = normalize(statement)
    return "p-" + _digest(plain) if any(character.isalnum() for character in plain) else None


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


_USER_TURNS = (
    re.compile(r"<\|im_start\|>user\s*\n(.*?)(?:<\|im_end\|>|\Z)", re.DOTALL),
    re.compile(r"<\|start_header_id\|>user<\|end_header_id\|>\s*(.*?)(?:<\|eot_id\|>|\Z)", re.DOTALL),
    re.compile(r"<｜User｜>(.*?)(?:<｜Assistant｜>|<｜end▁of▁sentence｜>|\Z)", re.DOTALL),
    re.compile(r"<start_of_turn>user\s*\n(.*?)(?:<end_of_turn>|\Z)", re.DOTALL),
    re.compile(r"\[INST\](.*?)(?:\[/INST\]|\Z)", re.DOTALL),
)
_ROLE_LINES = re.compile(
    r"(?:^|\n)(?:User|Human|Question|Q|Problem):[ \t]*(.*?)\s*\n(?:Assistant|Answer|A|Solution):", re.DOTALL
)
_INSTRUCTION = re.compile(
    r"^(?:please|let['’]s|you (?:should|must)|present the answer|return your|remember|solve the following"
    r"|answer the following|put your|think step|give your|write your|the last line|make sure)\b.*"
    r"(?:box(?:ed)?\b|step[- ]by[- ]step|final answer|final result|last line|reason|answer:|problem)[^\n]*$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=[A-Z])|\n+")


def statement_from_prompt(prompt: str) -> str | None:
    """Return the problem statement inside a prompt, if it can be told with some certainty.

    A prompt qualifies with exactly one user turn of a known chat template, or with a single
    ``Question: ... Answer:`` pair. Whole instruction sentences at either end ("Please reason step
    by step ...") are removed; inside the statement nothing is. Few-shot and multi-turn prompts
    give ``None``: which problem is meant is not certain there.
    """
    turns = _user_turns(prompt)
    if len(turns) != 1:
        return None
    return _without_instructions(turns[0])


def _user_turns(prompt: str) -> list[str]:
    for pattern in _USER_TURNS:
        turns = [turn.strip() for turn in pattern.findall(prompt)]
        if turns:
            return turns
    return [turn.strip() for turn in _ROLE_LINES.findall(prompt)]


def _without_instructions(turn: str) -> str | None:
    pieces = _SENTENCE.split(turn)
    spans, at = [], 0
    for piece in pieces:
        at = turn.index(piece, at)
        spans.append((at, at + len(piece)))
        at += len(piece)
    while spans and _is_instruction(turn[slice(*spans[-1])]):
        spans.pop()
    while spans and _is_instruction(turn[slice(*spans[0])]):
        spans.pop(0)
    if not spans:
        return None
    return turn[spans[0][0] : spans[-1][1]].strip() or None


def _is_instruction(sentence: str) -> bool:
    return not sentence.strip() or _INSTRUCTION.match(sentence.strip()) is not None
