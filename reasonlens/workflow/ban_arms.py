"""The arms of a ban experiment: which there are, what each is for, and which words it bans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from reasonlens.bans import Ban
from reasonlens.bans.controls import control_sets
from reasonlens.bans.placebos import placebo
from reasonlens.core.errors import InputError, StatisticsError
from reasonlens.lexicon import definition
from reasonlens.workflow.ban_words import by_keyness

__all__ = ["ROLES", "Design", "Layout", "Planned", "doses", "first_arms", "later_arms"]

ROLES = {
    "baseline": "nothing is banned",
    "repeat": "the baseline once more, with other luck (A/A)",
    "sham": "the processor runs and bans nothing",
    "placebo": "words that the baseline never uses are banned",
    "target": "all words are banned",
    "leave_in": "all words but one are banned",
    "dose": "the most frequent of the words are banned",
    "dose_key": "the most telling of the words are banned",
    "control": "other words, as frequent as the banned ones, are banned",
}
"""What an arm is for."""

_DOSES = (1, 2, 4, 8, 16)
_RARE = (  # where the baseline uses nearly all that it could
    *("xylophone", "marmalade", "gondola", "tambourine", "lighthouse", "porcupine", "saffron", "velvet"),
    *("harpsichord", "meringue", "walnut", "pelican", "cathedral", "lantern", "turnip", "accordion"),
)


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
    against
        ``STUDY:MODEL``, the model whose words those of the baseline are compared with: the words are
        then banned in order of keyness, too.
    """

    words: tuple[str, ...]
    controls: int = 19
    doses: bool = True
    leave_in: bool = True
    lexicon: str = "flexible_reasoning"
    seed: int = 0
    options: tuple[tuple[str, Any], ...] = (("latex", "skip"),)
    against: str | None = None

    def __post_init__(self) -> None:
        if not self.words:
            raise InputError("an ablation needs words to ban: --ban wait,perhaps,alternatively,but")

    def ban(self, words: Sequence[str], name: str) -> Ban:
        """Return the ban of some words, in the manner of this design."""
        return Ban(tuple(words), name=name, **dict(self.options))

    @property
    def hard(self) -> bool:
        """Whether no banned word should be left in any text."""
        ban = self.ban(self.words, "")
        return ban.penalty == float("-inf") and ban.probability == 1 and ban.phase == "all"


@dataclass(frozen=True, slots=True)
class Planned:
    """One arm: its name, what it is for, the words that it bans, and the arm that it is the same as."""

    name: str
    role: str
    words: tuple[str, ...] = ()
    same_as: str = ""

    @property
    def condition(self) -> str:
        """The condition of its traces in the study."""
        return self.same_as or self.name


@dataclass(frozen=True, slots=True)
class Layout:
    """All arms; how the control sets match (a row per set and word), in one line, and what is missing."""

    arms: tuple[Planned, ...]
    matching: pd.DataFrame = field(default_factory=pd.DataFrame)
    controls: str = ""
    notes: tuple[str, ...] = ()


def doses(words: Sequence[str]) -> list[int]:
    """Return the sizes of the nested sets: 1, 2, 4, 8 and 16, as far as they are fewer than all words."""
    return [k for k in _DOSES if k < len(words)]


def first_arms(design: Design) -> list[Planned]:
    """Return the arms that need nothing but the words."""
    found = [Planned("baseline", "baseline"), Planned("repeat", "repeat"), Planned("sham", "sham")]
    found.append(Planned("target", "target", design.words))
    if design.leave_in and len(design.words) > 1:
        found += [
            Planned(
                f"without-{word.replace(' ', '_')}", "leave_in", tuple(w for w in design.words if w != word)
            )
            for word in design.words
        ]
    return found


def later_arms(
    design: Design, words: pd.DataFrame, other: pd.DataFrame | None = None, candidates: Sequence[str] = ()
) -> Layout:
    """Return the arms that are made from the words of the baseline.

    Parameters
    ----------
    words
        As `reasonlens.workflow.ban_words.word_counts` returns it.
    other
        The same of the model that keyness is against.
    candidates
        Words that the model can write: those that the baseline never uses are placebos. Where they are
        too few, placebos are from a short list of rare words, and a note says so.
    """
    notes: list[str] = []
    found = _placebo(design, words, candidates, notes)
    found += _doses(design, words, other)
    if not design.controls:
        return Layout(tuple(found), notes=(*notes, "no control sets: none were asked for"))
    lexicon = definition.load(design.lexicon)
    known = {entry.text.lower() for category in lexicon.categories for entry in category.entries}
    total = int(words["hits"].sum())
    try:
        sets = control_sets(
            words, design.words, total=total, exclude=known, n_sets=design.controls, seed=design.seed
        )
    except StatisticsError as error:
        return Layout(tuple(found), notes=(*notes, f"no control sets: {error}"))
    found += [Planned(f"control-{i + 1:02d}", "control", chosen) for i, chosen in enumerate(sets.sets)]
    return Layout(tuple(found), sets.table, sets.line(), tuple(notes))


def _placebo(
    design: Design, words: pd.DataFrame, candidates: Sequence[str], notes: list[str]
) -> list[Planned]:
    n, used = min(max(2, len(design.words)), 8), set(words["word"])
    try:
        unused = placebo(candidates or _RARE, used, n, exclude=design.words, seed=design.seed)
    except StatisticsError as error:
        try:
            unused = placebo(_RARE, used, n, exclude=design.words, seed=design.seed)
        except StatisticsError:
            notes.append(f"no placebo: {error}")
            return []
        notes.append(f"placebo words are from a short list of rare ones: {error}")
    return [Planned("placebo", "placebo", unused)]


def _doses(design: Design, words: pd.DataFrame, other: pd.DataFrame | None) -> list[Planned]:
    if not design.doses:
        return []
    hits = words.set_index("word")["hits"]
    ranked = sorted(design.words, key=lambda w: (-int(hits.get(w.lower(), 0)), w))
    found = [Planned(f"dose-{k}", "dose", tuple(ranked[:k])) for k in doses(ranked)]
    if other is None:
        return found
    telling = by_keyness(words, other, design.words)
    drawn = {frozenset(arm.words): arm.name for arm in found}
    found += [
        Planned(f"dose-key-{k}", "dose_key", tuple(telling[:k]), drawn.get(frozenset(telling[:k]), ""))
        for k in doses(telling)
    ]
    return found
