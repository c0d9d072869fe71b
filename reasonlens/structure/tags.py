"""Steps written between tags, as RLKD's programs read and write them.

The published code has two sets of tags that do not agree: its reward reads ``[sub-think n]``, ``[Query n]``
and ``[Answer n]``, while the prompts that made its data ask for ``[Meat-reasoning n]`` (sic),
``[Sub-problem n]`` and ``[Answer n]`` (github.com/xsc1234/RLKD, commit e888cf2). Read by the former, text of
the latter has no step and its reward is 0. Here both are read, also mixed, and so is the spelling "Meta".
Two tags are our own: ``[Kind n]`` and ``[Quote n]``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reasonlens.structure import KINDS, Decomposition, Step

__all__ = ["META_TAGS", "parse", "render"]

META_TAGS = {"sub-think": "Query", "Meat-reasoning": "Sub-problem"}
"""The published sets, by the tag that opens a step, with the tag of its question."""

_FIELDS = {
    "subthink": "meta",
    "meatreasoning": "meta",
    "metareasoning": "meta",
    "query": "query",
    "subproblem": "query",
    "answer": "answer",
    "kind": "kind",
    "quote": "quote",
}
_TAG = re.compile(
    r"(?:\*\*|__)?\[\s*(?P<name>sub[-_ ]?think|me(?:at|ta)[-_ ]?reasoning|query|sub[-_ ]?problem|answer|kind"
    r"|quote)[-_ ]*(?P<number>\d{1,6})\s*\]:?(?:\*\*|__)?[ \t]*:?",
    re.IGNORECASE,
)
_END = re.compile(r"^[ \t]*(?:\*\*)?so the final answer is\b", re.IGNORECASE | re.MULTILINE)


def parse(text: str) -> Decomposition:
    """Return the steps that are written in `text`.

    A step begins at each tag that opens one; the question and the answer belong to the step they follow,
    whatever their number. A question that is asked twice is kept as two lines. What stands before the first
    step, and a closing line "So the final answer is", belong to no step.

    Returns
    -------
    Decomposition
        ``unparsed`` if there is no step.

    Examples
    --------
    >>> found = parse("[sub-think 1] Sum first. [Query 1] 2 + 3? [Answer 1] 5")
    >>> [(s.meta, s.query, s.answer) for s in found.steps]
    [('Sum first.', '2 + 3?', '5')]
    >>> parse("[Meat-reasoning 1] Sum.\\n[Sub-problem 1] 2 + 3?\\n[Answer 1] 5").steps == parse(
    ...     "[sub-think 1] Sum.\\n[Query 1] 2 + 3?\\n[Answer 1] 5"
    ... ).steps
    True
    >>> parse("First I add 2 and 3.").status
    'unparsed'
    """
    tags = list(_TAG.finditer(text))
    steps: list[dict[str, str]] = []
    for tag, following in zip(tags, [*tags[1:], None], strict=False):
        field = _FIELDS[re.sub(r"[-_ ]", "", tag["name"].casefold())]
        content = _content(text, tag.end(), following.start() if following else len(text))
        if field == "meta":
            steps.append({"meta": content})
        elif steps:
            before = steps[-1].get(field, "")
            steps[-1][field] = f"{before}\n{content}".strip() if before else content
    if not steps:
        said = " ".join(text.split())[:80]
        return Decomposition(
            (), "unparsed", f"no step between tags in the reply: {said!r}" if said else "empty"
        )
    return Decomposition(tuple(_step(step) for step in steps))


def _content(text: str, start: int, end: int) -> str:
    closing = _END.search(text, start, end)
    return text[start : closing.start() if closing else end].strip().removesuffix("**").strip()


def _step(fields: dict[str, str]) -> Step:
    kind = fields.get("kind", "").strip(" .").casefold()
    return Step(
        fields["meta"],
        fields.get("query", ""),
        fields.get("answer", ""),
        kind if kind in KINDS else "",
        fields.get("quote", ""),
    )


def render(steps: Sequence[Step], tag: str = "sub-think") -> str:
    """Return steps between tags of one of the published sets.

    Parameters
    ----------
    steps
        The steps. Kinds and quotes are written only where there are any.
    tag
        A key of `META_TAGS`.

    Examples
    --------
    >>> print(render([Step("Sum first.", "2 + 3?", "5")]))
    [sub-think 1] Sum first.
    [Query 1] 2 + 3?
    [Answer 1] 5
    """
    query = META_TAGS[tag]
    lines = []
    for n, step in enumerate(steps, start=1):
        fields = [(tag, step.meta), ("Kind", step.kind), ("Quote", step.quote), (query, step.query)]
        always = (tag, query)
        lines += [f"[{name} {n}] {value}".rstrip() for name, value in fields if value or name in always]
        lines.append(f"[Answer {n}] {step.answer}".rstrip())
    return "\n".join(lines)
