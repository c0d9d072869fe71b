"""What a run of generation has to draw: problems, conditions and samples, in an order that stays balanced."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reasonlens.backends import BanHandle, GenerationRequest, SamplingParams
from reasonlens.backends._templates import Prompt, Template
from reasonlens.core.errors import InputError
from reasonlens.core.manifest import digest_of
from reasonlens.workflow.problem_sets import Problem

__all__ = ["Arm", "Drawn", "Key", "Spec", "requests", "seed_of"]

Key = tuple[str, str, int]
"""Which sample: (problem_id, condition, sample)."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One condition: its name, its ban, and what makes its luck its own.

    Arms with the same `salt` draw with the same seeds, so that they pair; an A/A repeat of the
    baseline has another one.
    """

    name: str = "baseline"
    ban: BanHandle | None = None
    salt: str = ""

    def digest(self) -> str:
        """Say what exactly this arm does, in a few letters."""
        return digest_of([self.ban.digest if self.ban else None, self.salt], 4)


@dataclass(frozen=True, slots=True)
class Spec:
    """What to draw, apart from the problems.

    Parameters
    ----------
    backend, model
        Which engine and which model; `label` is what the model is called in the study.
    template
        How a problem is put to it.
    sampling
        How to sample.
    n
        Samples per problem and condition.
    seed
        What all seeds derive from.
    arms
        The conditions, each with every problem and sample.
    kind
        How the model came to be; ``None`` to look it up among published models.
    """

    backend: str
    model: str
    template: Template
    sampling: SamplingParams = field(default_factory=SamplingParams)
    n: int = 1
    seed: int = 0
    arms: tuple[Arm, ...] = (Arm(),)
    label: str | None = None
    kind: str | None = None

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError(f"{self.n} samples per problem: at least one is needed")
        names = [arm.name for arm in self.arms]
        if not names or len(set(names)) < len(names):
            raise InputError(f"conditions need names of their own, not {', '.join(names) or 'none'}")

    @property
    def name(self) -> str:
        """What the model is called in the study: a folder by its last piece, else as it was named."""
        if self.label:
            return self.label
        path = self.model.rstrip("/")
        return path.rpartition("/")[2] if path.startswith(("/", ".", "~")) else path

    def full_sampling(self) -> SamplingParams:
        """Return the sampling settings with the template's stop texts."""
        stop = tuple(dict.fromkeys((*self.sampling.stop, *self.template.stop)))
        return replace(self.sampling, stop=stop, keep_stop=self.sampling.keep_stop or self.template.keep_stop)

    def decoding(self) -> dict[str, Any]:
        """Return what decides on the text of every sample, apart from problem, sample and ban."""
        sampling = self.full_sampling()
        return {
            "backend": self.backend,
            "model": self.name,
            "template": self.template.name,
            "template_digest": self.template.digest,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop),
            "seed": self.seed,
        }

    def digest(self) -> str:
        """Say what `decoding` says in a few letters."""
        return digest_of(self.decoding(), 4)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a request asks for, kept until its completion comes."""

    problem: Problem
    arm: Arm
    sample: int
    seed: int
    prompt: Prompt

    @property
    def key(self) -> Key:
        """Which sample this is."""
        return self.problem.problem_id, self.arm.name, self.sample


def seed_of(seed: int, salt: str, problem_id: str, sample: int) -> int:
    """Return the seed of one sample: 31 bits of BLAKE2b, the same under every ban with this salt.

    Examples
    --------
    >>> seed_of(0, "", "p-1", 0) == seed_of(0, "", "p-1", 0) != seed_of(0, "", "p-1", 1)
    True
    """
    told = "\x1f".join((str(seed), salt, problem_id, str(sample)))
    return int.from_bytes(hashlib.blake2b(told.encode(), digest_size=4).digest()) >> 1


def requests(
    spec: Spec, prompts: Mapping[str, Prompt], problems: list[Problem], done: set[Key]
) -> Iterator[tuple[GenerationRequest, Drawn]]:
    """Yield what is not `done`: all conditions of a problem in a row, all problems before the next sample.

    A run that is stopped therefore has as many samples of every condition, and of every problem,
    as of the others, up to those in flight.
    """
    for sample in range(spec.n):
        for problem in problems:
            prompt = prompts[problem.problem_id]
            for arm in spec.arms:
                seed = seed_of(spec.seed, arm.salt, problem.problem_id, sample)
                drawn = Drawn(problem, arm, sample, seed, prompt)
                if drawn.key in done:
                    continue
                name = f"{problem.problem_id}/{arm.name}/{sample}"
                yield GenerationRequest(name, prompt.text, seed, arm.ban, prompt.messages), drawn
