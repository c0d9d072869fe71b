"""Failure signatures over a study: two passes over the traces, then verdicts.

The first pass finds what needs all traces of a model (a limit of length, a quantile of entropy),
the second adds up what each trace says. Both go part by part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from reasonlens import signatures
from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.signatures import Measure
from reasonlens.signatures._tally import Group, Tally
from reasonlens.workflow import pool
from reasonlens.workflow.diagnoses import rows
from reasonlens.workflow.judged import Tokenized, lexicons, traces

__all__ = ["Asked", "Diagnosis", "diagnose", "measures"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a study.

    Attributes
    ----------
    signatures
        Names; none for all.
    thresholds
        By ``SIGNATURE/MEASURE`` (or the signature alone, if it has one measure).
    limit
        The limit of length in model tokens, where the user knows it.
    exclude
        Health flags whose traces are left out throughout.
    evidence
        Traces quoted per verdict.
    seed
        Of the sample of evidence.
    """

    signatures: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    limit: float | None = None
    exclude: tuple[str, ...] = ("empty",)
    level: float = 0.95
    evidence: int = 3
    seed: int = 0

    def names(self) -> tuple[str, ...]:
        """Return the signatures asked for, without repeats."""
        return tuple(dict.fromkeys(self.signatures)) or tuple(signatures.names())


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The rows of the ``diagnoses`` table, and the limit of length found for each model."""

    table: pd.DataFrame
    settled: Mapping[str, Mapping[Group, float]]


Settled = Mapping[str, Mapping[Group, float]]


def measures(asked: Asked) -> dict[str, Measure]:
    """Return the measures asked for by ``SIGNATURE/MEASURE``, with the thresholds asked for.

    Raises
    ------
    UnknownNameError
        If a signature or a threshold names something that does not exist.
    """
    found = {f"{name}/{m.name}": m for name in asked.names() for m in signatures.load(name).MEASURES}
    for given, value in asked.thresholds.items():
        meant = [name for name in found if given in (name, name.partition("/")[0])]
        if len(meant) != 1:
            raise UnknownNameError("measure", given, found)
        found[meant[0]] = replace(found[meant[0]], threshold=value)
    return found


def diagnose(
    study: Study,
    asked: Asked | None = None,
    *,
    tokens: Tokenized | None = None,
    jobs: int = 1,
    details: Mapping[str, Any] | None = None,
) -> Diagnosis:
    """Look for the failure signatures in every model of a study, and keep the table ``diagnoses``.

    Parameters
    ----------
    tokens
        Entropies by trace id (see `reasonlens.workflow.logprobs`).
    jobs
        Number of processes.
    details
        What else belongs into the manifest.

    Raises
    ------
    InputError
        If the study has no traces, or was made without texts.
    """
    asked = asked or Asked()
    chosen = measures(asked)
    parts = study.parts("traces")
    if not parts or not sum(study.rows("traces", part) for part in parts):
        raise InputError(f"the study {study.path} has no traces")
    settled = _settle(study, asked, parts, tokens, jobs)
    tally = Tally(asked.seed, asked.evidence)
    work = partial(_tally_part, study.path, asked, settled, tokens)
    for _, part in pool.run(work, parts, jobs=min(jobs, len(parts))):
        tally.merge(part)
    table = rows(tally, chosen, asked.exclude, asked.level, asked.seed)
    stored = pa.Table.from_pandas(table, preserve_index=False)
    made = {
        "command": "diagnose",
        "thresholds": {name: measure.threshold for name, measure in chosen.items()},
        "lexicons": {x.name: {"version": x.version, "digest": x.digest} for x in lexicons()},
        "limit": asked.limit,
        "seed": asked.seed,
        **(details or {}),
    }
    study.write("diagnoses", "diagnose", stored, details=made)
    return Diagnosis(table, settled)


def _settle(
    study: Study, asked: Asked, parts: Sequence[str], tokens: Tokenized | None, jobs: int
) -> dict[str, dict[Group, float]]:
    """Find what needs all traces of a model before each of them can be judged."""
    names = [name for name in asked.names() if hasattr(signatures.load(name), "prepare")]
    weights: dict[tuple[str, Group], dict[float, float]] = {}
    work = partial(_prepare_part, study.path, names, tokens)
    for _, found in pool.run(work, parts if names else (), jobs=min(jobs, len(parts))):
        for key, values in found.items():
            held = weights.setdefault(key, {})
            for value, weight in values.items():
                held[value] = held.get(value, 0.0) + weight
    settled: dict[str, dict[Group, float]] = {name: {} for name in names}
    for (name, group), values in sorted(weights.items()):
        module: Any = signatures.load(name)
        settled[name][group] = module.settle(values)
    if asked.limit is not None and "abrupt_endings" in settled:
        settled["abrupt_endings"] = dict.fromkeys(settled["abrupt_endings"], asked.limit)
    return settled


def _prepare_part(
    folder: Path, names: Sequence[str], tokens: Tokenized | None, part: str
) -> dict[tuple[str, Group], dict[float, float]]:
    modules: dict[str, Any] = {name: signatures.load(name) for name in names}
    weights: dict[tuple[str, Group], dict[float, float]] = {}
    for group, _, _, trace in traces(Study(folder), part, (), tokens):
        for name, module in modules.items():
            held = weights.setdefault((name, group), {})
            for value, weight in module.prepare(trace):
                held[value] = held.get(value, 0.0) + weight
    return {key: values for key, values in weights.items() if values}


def _tally_part(folder: Path, asked: Asked, settled: Settled, tokens: Tokenized | None, part: str) -> Tally:
    modules = {name: signatures.load(name) for name in asked.names()}
    tally = Tally(asked.seed, asked.evidence)
    for group, dataset, problem, trace in traces(Study(folder), part, lexicons(), tokens):
        for name, module in modules.items():
            found = module.look(trace, settled.get(name, {}).get(group, float("nan")))
            for measure, seen in found.items():
                tally.add(f"{name}/{measure}", group, dataset, problem, trace.health, trace.trace_id, seen)
    return tally
