"""The causal experiment: the same problems and seeds with words banned, beside its controls.

The baseline is drawn first, since doses and control sets are made from its words; then all other arms,
interleaved, so that a run that is stopped is balanced.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow.dataset as ds

from reasonlens.backends import Backend
from reasonlens.bans import Ban
from reasonlens.bans.controls import Controls, control_sets
from reasonlens.core.errors import InputError, StatisticsError
from reasonlens.core.study import Study
from reasonlens.lexicon import definition
from reasonlens.text.segments import segments
from reasonlens.workflow.generate import Arm, Generated, Progress, Spec, generate
from reasonlens.workflow.problem_sets import ProblemSet

__all__ = ["ROLES", "Design", "Drawn", "Planned", "draw", "word_counts"]

ROLES = {
    "baseline": "nothing is banned",
    "repeat": "the baseline once more, with other luck (A/A)",
    "sham": "the processor runs and bans nothing",
    "placebo": "words that the baseline never uses are banned",
    "target": "all words are banned",
    "leave_in": "all words but one are banned",
    "dose": "the most frequent of the words are banned",
    "control": "other words, as frequent as the banned ones, are banned",
}
"""What an arm is for."""

_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_PLACEBO = ("xylophone", "marmalade", "gondola", "tambourine", "lighthouse", "porcupine", "saffron", "velvet")


@dataclass(frozen=True, slots=True)
class Design:
    """Which arms an experiment has.

    Parameters
    ----------
    words
        What is banned.
    controls
        How many control sets; with fewer than 19 the rank of the target cannot reach p = .05.
    doses, leave_in
        Whether the words are banned by and by, and all but one.
    lexicon
        Its words are no controls.
    seed
        Of the draw of control sets.
    options
        What else a ban takes (mode, penalty, phase, ...).
    """

    words: tuple[str, ...]
    controls: int = 19
    doses: bool = True
    leave_in: bool = True
    lexicon: str = "flexible_reasoning"
    seed: int = 0
    options: tuple[tuple[str, Any], ...] = (("latex", "skip"),)

    def __post_init__(self) -> None:
        if not self.words:
            raise InputError("an ablation needs words to ban: --ban wait,perhaps,alternatively,but")

    def ban(self, words: Sequence[str], name: str) -> Ban:
        """Return the ban of some words, in the manner of this design."""
        return Ban(tuple(words), name=name, **dict(self.options))


@dataclass(frozen=True, slots=True)
class Planned:
    """One arm: its name in the study, what it is for, and the words that it bans."""

    name: str
    role: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: the arms, the control sets (``None`` if none could be made, and why)."""

    arms: tuple[Planned, ...]
    controls: Controls | None
    why_no_controls: str
    generated: tuple[Generated, ...]


def first_arms(design: Design) -> list[Planned]:
    """Return the arms that need nothing but the words."""
    found = [Planned("baseline", "baseline"), Planned("repeat", "repeat"), Planned("sham", "sham")]
    found.append(Planned("placebo", "placebo", _PLACEBO[: max(2, len(design.words))]))
    found.append(Planned("target", "target", design.words))
    if design.leave_in and len(design.words) > 1:
        found += [
            Planned(
                f"without-{word.replace(' ', '_')}", "leave_in", tuple(w for w in design.words if w != word)
            )
            for word in design.words
        ]
    return found


def later_arms(design: Design, words: pd.DataFrame) -> tuple[list[Planned], Controls | None, str]:
    """Return the arms that are made from the words of the baseline.

    Parameters
    ----------
    words
        As `word_counts` returns it.
    """
    found: list[Planned] = []
    hits = words.set_index("word")["hits"]
    ranked = sorted(design.words, key=lambda w: (-int(hits.get(w.lower(), 0)), w))
    if design.doses:
        sizes = [k for k in (1, 2, 4, 8, 16) if k < len(ranked)]
        found += [Planned(f"dose-{k}", "dose", tuple(ranked[:k])) for k in sizes]
    if not design.controls:
        return found, None, "none were asked for"
    lexicon = definition.load(design.lexicon)
    known = {entry.text.lower() for category in lexicon.categories for entry in category.entries}
    try:
        sets = control_sets(
            words,
            design.words,
            total=int(words["hits"].sum()),
            exclude=known,
            n_sets=design.controls,
            seed=design.seed,
        )
    except StatisticsError as error:
        return found, None, str(error)
    found += [Planned(f"control-{i + 1:02d}", "control", chosen) for i, chosen in enumerate(sets.sets)]
    return found, sets, ""


def draw(
    study: str,
    spec: Spec,
    problems: ProblemSet,
    backend: Backend,
    design: Design,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Drawn:
    """Draw every arm that the study does not have yet.

    Parameters
    ----------
    spec
        What to draw; its arms are replaced by those of the design.
    backend
        The engine; it must carry the bans.
    """
    tokenizer = backend.tokenizer()

    def bound(arms: Sequence[Planned]) -> tuple[Arm, ...]:
        return tuple(
            Arm(arm.name, None, "again" if arm.role == "repeat" else "")
            if arm.role in ("baseline", "repeat")
            else Arm(arm.name, design.ban(arm.words, arm.name).bind(tokenizer))
            for arm in arms
        )

    early = first_arms(design)
    made = [
        generate(study, replace(spec, arms=bound(early[:1])), problems.problems, backend, progress=progress)
    ]
    late, controls, why = later_arms(design, word_counts(Study(study), spec.name))
    rest = [*early[1:], *late]
    made.append(
        generate(study, replace(spec, arms=bound(rest)), problems.problems, backend, progress=progress)
    )
    return Drawn((early[0], *rest), controls, why, tuple(made))


def word_counts(study: Study, model: str) -> pd.DataFrame:
    """Return how often the baseline of a model uses each word: ``word hits initial_hits``.

    ``initial_hits`` are those that begin a sentence.
    """
    hits: Counter[str] = Counter()
    initial: Counter[str] = Counter()
    for text in _texts(study, model):
        for segment in segments(text):
            words = [word.lower() for word in _WORD.findall(segment.content(text))]
            hits.update(words)
            initial.update(words[:1])
    rows = [(word, n, initial[word]) for word, n in hits.most_common()]
    return pd.DataFrame(rows, columns=["word", "hits", "initial_hits"])


def _texts(study: Study, model: str) -> Iterator[str]:
    mine = (ds.field("model") == model) & (ds.field("condition") == "baseline")
    scanner = study.dataset("traces").scanner(columns=["response"], filter=mine)
    for batch in scanner.to_batches():
        yield from (text for text in batch.column(0).to_pylist() if text)
