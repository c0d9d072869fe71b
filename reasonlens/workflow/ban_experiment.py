"""The causal experiment: the same problems and seeds with words banned, beside its controls.

The baseline is drawn first, since doses and control sets are made from its words; then all other arms,
interleaved, so that a run that is stopped is balanced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reasonlens.backends import Backend, GenerationRequest, SamplingParams
from reasonlens.bans.ban import vocabulary_of
from reasonlens.bans.placebos import vocabulary_words
from reasonlens.core.study import Study
from reasonlens.workflow import ban_record
from reasonlens.workflow.ban_arms import ROLES, Design, Layout, Planned, first_arms, later_arms
from reasonlens.workflow.ban_words import known_words, named_model, word_counts
from reasonlens.workflow.generate import Arm, Generated, Progress, Spec, generate
from reasonlens.workflow.problem_sets import ProblemSet

__all__ = ["ROLES", "Design", "Drawn", "Layout", "Planned", "draw"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: the arms with their words, and what each run of the engine did."""

    layout: Layout
    generated: tuple[Generated, ...]

    @property
    def arms(self) -> tuple[Planned, ...]:
        """The arms, the baseline first."""
        return self.layout.arms


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

    Raises
    ------
    InputError
        If the study holds another experiment of this model.
    BackendError
        If the engine cannot carry the bans; nothing has been drawn then.
    """
    place = Study(study, create=True)
    layout = ban_record.kept(place, spec.name, design)
    other = None
    if design.against and layout is None:  # before anything is drawn: a mistake in it should cost nothing
        other = word_counts(*named_model(design.against, "--keyness-against"), None)
    tokenizer = backend.tokenizer()

    def bound(arms: Sequence[Planned]) -> tuple[Arm, ...]:
        return tuple(
            Arm(arm.name, None, "again" if arm.role == "repeat" else "")
            if arm.role in ("baseline", "repeat")
            else Arm(arm.name, design.ban(arm.words, arm.name).bind(tokenizer))
            for arm in arms
            if not arm.same_as
        )

    early = first_arms(design)
    if layout is None:
        _try(backend, bound([arm for arm in early if arm.role == "target"]))
    made = [
        generate(study, replace(spec, arms=bound(early[:1])), problems.problems, backend, progress=progress)
    ]
    if layout is None:
        late = later_arms(design, word_counts(place, spec.name), other, _candidates(tokenizer, problems))
        layout = replace(late, arms=(*early, *late.arms))
        ban_record.save(place, spec.name, design, layout)
    rest = bound(layout.arms[1:])
    made.append(generate(study, replace(spec, arms=rest), problems.problems, backend, progress=progress))
    return Drawn(layout, tuple(made))


def _try(backend: Backend, arms: Sequence[Arm]) -> None:
    """Draw one token under each ban: who cannot carry it must say so before the baseline is paid for."""
    for arm in arms:
        request = GenerationRequest("trial", "1", 0, arm.ban)
        for _ in backend.generate([request], SamplingParams(max_tokens=1)):
            pass


def _candidates(tokenizer: Any, problems: ProblemSet) -> list[str]:
    """Return words that may be placebos: those that the model has as one token each.

    Where its tokenizer is not at hand: what people write about problems, which a model could write as well,
    from the shipped lexicons and the problems themselves.
    """
    vocabulary = vocabulary_of(tokenizer)
    if vocabulary is not None:
        return vocabulary_words(vocabulary)
    return known_words(problem.statement for problem in problems.problems)
