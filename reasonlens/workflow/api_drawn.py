"""The commands that draw from a model as Python functions, as the package exports them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reasonlens.backends import SamplingParams, _templates
from reasonlens.core.study import Study
from reasonlens.workflow import problem_sets
from reasonlens.workflow.ban_arms import Design
from reasonlens.workflow.ban_experiment import draw
from reasonlens.workflow.ban_results import Results, check, results
from reasonlens.workflow.generate import Generated, Spec, connected
from reasonlens.workflow.generate import generate as draw_samples

__all__ = ["ban_ablation", "generate"]


def generate(
    problems: str | Path | Sequence[str | Path],
    *,
    study: str | Path,
    model: str,
    backend: str = "transformers",
    template: str = "chat",
    sampling: SamplingParams | None = None,
    n: int = 1,
    seed: int = 0,
    kind: str | None = None,
    problems_dir: Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Generated:
    """Draw responses from a model into a study; what it holds already is not drawn again.

    Parameters
    ----------
    problems
        Files with problems, or names of benchmarks whose files are in `problems_dir`.
    study
        The folder of the study; made if it does not exist.
    model, backend
        The model and the engine that runs it (``reasonlens list backends``).
    template
        How a problem is put to the model: a name or a TOML file (``reasonlens list templates``).
    sampling
        By default temperature 1, top-p 0.95 and up to 32,768 tokens.
    n, seed
        Samples per problem, and what all their seeds derive from.
    kind
        How the model came to be; ``None`` to look it up among published models.
    options
        Options of the engine, for instance ``{"tensor_parallel": 4}`` or ``{"base_url": URL}``.

    Raises
    ------
    BackendError
        If the engine cannot start, or nothing but failures comes from it.

    Examples
    --------
    >>> reasonlens.generate("aime24.jsonl", study="s", model="m", backend="vllm", n=16)  # doctest: +SKIP
    """
    found = problem_sets.load(_names(problems), folder=problems_dir)
    spec = _spec(backend, model, template, sampling, n, seed, kind)
    with connected(backend, model, found, options) as engine:
        return draw_samples(str(study), spec, found.problems, engine)


def ban_ablation(
    problems: str | Path | Sequence[str | Path],
    words: Sequence[str] | Design,
    *,
    study: str | Path,
    model: str,
    backend: str = "transformers",
    template: str = "chat",
    sampling: SamplingParams | None = None,
    n: int = 1,
    seed: int = 0,
    kind: str | None = None,
    problems_dir: Path | None = None,
    options: Mapping[str, Any] | None = None,
    difficulty_from: str | None = None,
    behaviors: str | None = None,
) -> Results:
    """Draw with words banned beside all controls, and estimate what the ban does.

    Parameters
    ----------
    words
        What is banned; or a `reasonlens.workflow.ban_arms.Design`, which also says with which controls and
        in which manner.
    difficulty_from, behaviors
        As in `reasonlens.workflow.ban_results.results`.
    problems, study, model, backend, template, sampling, n, seed, kind, problems_dir, options
        As for `generate`.

    Raises
    ------
    InputError
        If the study holds another experiment of this model, or what is asked of the results cannot be had.
    BackendError
        If the engine cannot carry the bans.

    Examples
    --------
    >>> found = reasonlens.ban_ablation(  # doctest: +SKIP
    ...     "aime24.jsonl", ["wait", "but"], study="s", model="m", backend="vllm", n=16
    ... )
    >>> found.effects  # doctest: +SKIP
    """
    design = words if isinstance(words, Design) else Design(tuple(words))
    found = problem_sets.load(_names(problems), folder=problems_dir)
    spec = _spec(backend, model, template, sampling, n, seed, kind)
    check(Path(study), spec.name, difficulty_from=difficulty_from, behaviors=behaviors)
    processors = [design.ban(design.words, "").bind(None).processor_path]
    with connected(backend, model, found, options, processors=processors) as engine:
        drawn = draw(str(study), spec, found, engine, design)
    return results(
        Study(study), spec.name, drawn.arms, design, difficulty_from=difficulty_from, behaviors=behaviors
    )


def _spec(
    backend: str,
    model: str,
    template: str,
    sampling: SamplingParams | None,
    n: int,
    seed: int,
    kind: str | None,
) -> Spec:
    how = sampling or SamplingParams()
    return Spec(backend, model, _templates.load(template), how, n=n, seed=seed, kind=kind)


def _names(problems: str | Path | Sequence[str | Path]) -> list[str | Path]:
    return [problems] if isinstance(problems, str | Path) else list(problems)
