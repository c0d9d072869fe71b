"""Completions into a study, a small part at a time, and what is finished already.

A part is written in full or not at all. Its manifest says how it was made, so that the next run knows
which samples are there and whether they were drawn in the same way.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from reasonlens.backends import Completion, Logprobs
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.readers import Record, Skipped
from reasonlens.readers._account import Account
from reasonlens.readers._traces import Defaults, build
from reasonlens.stats.entropy import entropy_bounds
from reasonlens.workflow.generate_plan import Drawn, Key, Spec

__all__ = ["Saving", "Writer", "entropy_of", "finished"]

_NUMBER = re.compile(r"generated-[0-9a-f]+-(\d+)")


@dataclass(frozen=True, slots=True)
class Saving:
    """When what is finished is written: after so many samples, or so many seconds."""

    rows: int = 500
    seconds: float = 20.0


def finished(study: Study, spec: Spec) -> set[Key]:
    """Return the samples that a study already has of this run.

    Raises
    ------
    InputError
        If it has samples of the same model and condition that were drawn in another way.
    """
    done: set[Key] = set()
    for part in study.parts("traces"):
        made = study.manifest_of("traces", part).get("generate")
        if made is None or made["decoding"]["model"] != spec.name:
            continue
        _check_same(study, spec, made)
        if made["digest"] == spec.digest():
            columns = ["problem_id", "condition", "sample"]
            rows = pq.read_table(study.part_path("traces", part), columns=columns).to_pylist()
            done.update((row["problem_id"], row["condition"], row["sample"]) for row in rows)
    return done


def _check_same(study: Study, spec: Spec, made: Mapping[str, Any]) -> None:
    for arm in spec.arms:
        if arm.name not in made["arms"]:
            continue
        if made["digest"] != spec.digest():
            then, now = made["decoding"], spec.decoding()
            other = ", ".join(f"{k} {then.get(k)!r}, now {now[k]!r}" for k in now if then.get(k) != now[k])
            raise InputError(
                f"the study {study.path} has samples of {spec.name} under {arm.name!r} that were drawn "
                f"otherwise ({other}); name another --study, or give these another --condition"
            )
        if made["arms"][arm.name] != arm.digest():
            raise InputError(
                f"the study {study.path} has samples of {spec.name} under {arm.name!r} with another ban; "
                "give this ban another name, or name another --study"
            )


@dataclass(slots=True)
class Writer:
    """Collects completions and writes them as parts of the `traces` table."""

    study: Study
    spec: Spec
    saving: Saving
    account: Account = field(default_factory=Account)
    _held: list[Record | Skipped] = field(default_factory=list)
    _since: float = field(default_factory=time.monotonic)
    _next: int = 0

    def __post_init__(self) -> None:
        used = [_NUMBER.fullmatch(part) for part in self.study.parts("traces")]
        self._next = 1 + max((int(found.group(1)) for found in used if found), default=0)

    def add(self, drawn: Drawn, completion: Completion) -> None:
        """Take a completion; one that failed is counted and not written."""
        if not self._held:
            self._since = time.monotonic()
        self._held.append(_record(self.spec, drawn, completion))
        if len(self._held) >= self.saving.rows or time.monotonic() - self._since >= self.saving.seconds:
            self.flush()

    def flush(self) -> None:
        """Write what is held as a part, if any of it is a sample."""
        if not self._held:
            return
        held, self._held = self._held, []
        if not any(isinstance(item, Record) for item in held):
            return
        part = f"generated-{self.spec.digest()}-{self._next:06d}"
        self._next += 1
        arms = {arm.name: arm.digest() for arm in self.spec.arms}
        made: dict[str, Any] = {"part": part}
        made["generate"] = {"digest": self.spec.digest(), "decoding": self.spec.decoding(), "arms": arms}
        account = Account(rows=len(held))
        account.formats["generated"] += 1
        defaults = Defaults(f"{self.spec.backend}:{self.spec.name}", kind=self.spec.kind)
        with self.study.writer("traces", part, details=made) as write:
            for batch in build(held, defaults, account):
                write(batch)
            made["account"] = account.as_dict()
        self.account.merge(account)


def _record(spec: Spec, drawn: Drawn, completion: Completion) -> Record | Skipped:
    """Return what a reader would return for this output, or why there is none."""
    if completion.finish == "error":
        return Skipped(completion.request_id, f"generation failed ({completion.problem})")
    decoding = {**spec.decoding(), "seed": drawn.seed}
    if drawn.arm.ban is not None:
        decoding["ban"] = {"name": drawn.arm.ban.name, "digest": drawn.arm.ban.digest}
    if drawn.problem.options:
        decoding["options"] = list(drawn.problem.options)
    if completion.logprobs is not None:
        decoding["entropy"] = entropy_of(completion.logprobs)
    return Record(
        place=completion.request_id,
        response=completion.text,
        reasoning=completion.reasoning,
        problem=drawn.problem.statement,
        prompt=drawn.prompt.text,
        dataset=drawn.problem.dataset,
        model=spec.name,
        condition=drawn.arm.name,
        sample=drawn.sample,
        gold=drawn.problem.gold,
        finish=completion.finish,
        n_model_tokens=completion.n_tokens,
        decoding=decoding,
    )


def entropy_of(logprobs: Logprobs) -> dict[str, float | int]:
    """Return what is kept of the log-probabilities of one output.

    Mean entropy per token in nats: the midpoint of the bounds that a cut list of alternatives
    leaves, and the bounds (`reasonlens.stats.entropy`); the mean surprisal of the tokens drawn.
    """
    width = max((len(row) for row in logprobs.top), default=0)
    top = np.full((len(logprobs.top), width), np.nan)
    for row, values in zip(top, logprobs.top, strict=True):
        row[: len(values)] = values
    if not top.size:
        return {"n_tokens": 0}
    bounds = entropy_bounds(top, logprobs.vocabulary)
    surprisal = -np.asarray(logprobs.drawn, dtype=np.float64)
    return {
        "mean": round(float(np.nanmean(bounds.middle)), 6),
        "low": round(float(np.nanmean(bounds.low)), 6),
        "high": round(float(np.nanmean(bounds.high)), 6),
        "surprisal": round(float(np.nanmean(surprisal)), 6),
        "n_tokens": len(top),
    }
