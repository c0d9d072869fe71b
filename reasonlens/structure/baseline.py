"""Steps of a trace without a model: sentences, and the markers they begin with. A baseline, no more.

A sentence with a marker opens a step (it reads, recalls, plans, checks, tries another way or concludes);
the sentences without one that follow belong to it, and so does a next marker of the same kind before
anything was worked out. The kind of a step is that of its opening. Its meta-reasoning is the opening, with
as many sentences more as it takes to reach `ENOUGH` words; its question the last sentence of the opening
that sets a goal; its answer the last sentence with a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reasonlens.core.manifest import digest_of
from reasonlens.structure import Decomposition, Step
from reasonlens.structure.decompose import Item
from reasonlens.structure.markers import NEUTRAL, kind_of, markers, opens_the_problem
from reasonlens.text.segments import segments

__all__ = ["ENOUGH", "Baseline", "sentence_kinds", "steps_of"]

ENOUGH = 12
"""Words that say what a step is about; "Let me check." alone does not."""

_RULES = 1  # raise it when the same markers give other steps
_GOAL = re.compile(
    r"\?|\b(?:find|compute|calculate|determine|solve|get|need|check|verify|how|what|whether|which|want)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(r"\d|=")

Sentence = tuple[int, int, str]


def sentence_kinds(text: str) -> list[Sentence]:
    """Return start, end and kind of every sentence of a text, white space around it left out.

    Examples
    --------
    >>> sentence_kinds("First, add them. 2 + 3 = 5.")
    [(0, 16, 'plan'), (17, 27, 'compute')]
    """
    found = [
        (s.start, s.content_end, kind_of(s.content(text))) for s in segments(text) if s.content_end > s.start
    ]
    if found and opens_the_problem(text[found[0][0] : found[0][1]]):
        found[0] = (*found[0][:2], "read")
    return found


def steps_of(text: str) -> list[Step]:
    """Return the steps of a text (see the module documentation); they cover it from the first sentence on.

    Examples
    --------
    >>> [(s.kind, s.answer) for s in steps_of("First, add them. 2 + 3 = 5. Wait, is that right? Yes, 5.")]
    [('plan', '2 + 3 = 5.'), ('check', 'Yes, 5.')]
    """
    groups: list[list[Sentence]] = []
    for sentence in sentence_kinds(text):
        if not groups or _opens(sentence[2], groups[-1]):
            groups.append([])
        groups[-1].append(sentence)
    ends = [group[0][0] for group in groups[1:]] + [len(text)] * bool(groups)
    return [_step(text, group, end) for group, end in zip(groups, ends, strict=True)]


def _opens(kind: str, group: Sequence[Sentence]) -> bool:
    """Tell whether a sentence of a kind begins a step after `group`."""
    if kind == NEUTRAL:
        return False
    still_opening = all(k != NEUTRAL for _, _, k in group)
    return not (still_opening and kind == group[0][2])


def _step(text: str, group: Sequence[Sentence], end: int) -> Step:
    texts = [text[a:b] for a, b, _ in group]
    opening = sum(1 for _, _, kind in group if kind != NEUTRAL) or 1
    about = opening
    while about < len(texts) and sum(len(t.split()) for t in texts[:about]) < ENOUGH:
        about += 1
    goals = [t for t in texts[:opening] if _GOAL.search(t)]
    results = [t for t in (texts[1:] or texts) if _RESULT.search(t)]
    return Step(
        meta=" ".join(texts[:about]),
        query=goals[-1] if goals else "",
        answer=results[-1] if results else "",
        kind=group[0][2],
        start=group[0][0],
        end=end,
        place="exact",
    )


@dataclass(frozen=True, slots=True)
class Baseline:
    """The decomposer of sentences and markers."""

    @property
    def name(self) -> str:
        """Its identity in the column ``decomposer``."""
        return "baseline"

    @property
    def version(self) -> str:
        """Version of the markers."""
        return markers().version

    @property
    def digest(self) -> str:
        """Digest of the markers and of the rules for steps."""
        return digest_of([markers().digest, _RULES, ENOUGH])

    def decompose(
        self, items: Sequence[Item], done: Callable[[int], None] = lambda _: None
    ) -> Iterator[Decomposition]:
        """Yield the steps of each text."""
        for item in items:
            found = tuple(steps_of(item.text))
            yield Decomposition(found) if found else Decomposition((), "empty", "the text is empty")
            done(1)
