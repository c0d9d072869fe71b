"""Which traces of a study are judged: conditions, health flags, and a sample of problems."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import pandas as pd
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.core.tables import HEALTH
from reasonlens.judges import Codebook

__all__ = ["RETRIED", "Account", "Wanted", "chosen"]

RETRIED = ("refused", "unparsed", "failed")
"""Verdicts without an answer. Unclear is one: who asks the same again uses repeats."""

_ABOUT = ["trace_id", "dataset", "problem_id", "model", "condition", "sample", "health"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be judged.

    Parameters
    ----------
    behaviors
        The codebooks.
    text
        ``"response"``, ``"reasoning"`` or ``"answer"``.
    sample
        Most traces per model, or ``None`` for all. Problems are drawn first and are the same for every
        model, so that contrasts have shared problems.
    seed
        Of the sample.
    repeats
        How often each question is asked.
    retry
        Verdicts that are asked again: `RETRIED`.
    exclude
        Health flags of traces that are not judged.
    condition
        Only this condition, or ``None`` for all.
    """

    behaviors: tuple[Codebook, ...]
    text: str = "response"
    sample: int | None = None
    seed: int = 0
    repeats: int = 1
    retry: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ("empty",)
    condition: str | None = None

    def __post_init__(self) -> None:
        for verdict in self.retry:
            if verdict not in RETRIED:
                raise UnknownNameError("verdict to retry", verdict, RETRIED)
        for flag in self.exclude:
            if flag not in HEALTH:
                raise UnknownNameError("health flag", flag, HEALTH)


@dataclass(slots=True)
class Account:
    """What a run met and did, in traces.

    ``left_out`` counts the reasons why traces are not judged, ``done`` what this run judged and
    ``kept`` what was there before (both times behaviors and repeats).
    """

    traces: int = 0
    chosen: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    done: int = 0
    kept: int = 0


def chosen(study: Study, wanted: Wanted) -> tuple[set[str], Account]:
    """Return the ids of the traces that are to be judged, and why others are not.

    Raises
    ------
    InputError
        If there are no traces.
    """
    found = [
        pq.read_table(study.part_path("traces", part), columns=_ABOUT).to_pandas()
        for part in study.parts("traces")
    ]
    frame = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=_ABOUT)
    if frame.empty:
        raise InputError(f"the study {study.path} has no traces")
    account = Account(traces=len(frame))
    if wanted.condition is not None:
        frame = _without(frame, frame["condition"] != wanted.condition, "another condition", account)
    for flag in wanted.exclude:
        carries = frame["health"].map(lambda flags, flag=flag: flags is not None and flag in list(flags))
        frame = _without(frame, carries.astype(bool), flag, account)
    if wanted.sample is not None:
        frame = _without(frame, ~_drawn(frame, wanted.sample, wanted.seed), "not in the sample", account)
    account.chosen = len(frame)
    return set(frame["trace_id"]), account


def _without(frame: pd.DataFrame, out: pd.Series[bool], why: str, account: Account) -> pd.DataFrame:
    if out.any():
        account.left_out[why] = account.left_out.get(why, 0) + int(out.sum())
    return frame[~out]


def _drawn(frame: pd.DataFrame, n: int, seed: int) -> pd.Series[bool]:
    """Tell which traces are among the first `n` of their model in an order that the seed decides.

    The order of problems is the same for all models; a second response to a problem comes only after
    one to every other.
    """
    problems = frame["dataset"].fillna("").astype(str) + "\0" + frame["problem_id"].fillna("").astype(str)
    ranks = {name: _hash(seed, name) for name in problems.unique()}
    order = pd.DataFrame(
        {
            "model": frame["model"].fillna("").astype(str),
            "problem": problems.map(ranks),
            "own": frame["trace_id"].map(lambda name: _hash(seed, name)),
        }
    )
    order = order.sort_values(["model", "problem", "own"])
    order["again"] = order.groupby(["model", "problem"]).cumcount()
    order = order.sort_values(["model", "again", "problem", "own"])
    first = order.groupby("model").cumcount() < n
    drawn: pd.Series[bool] = first.reindex(frame.index)
    return drawn


def _hash(seed: int, name: str) -> str:
    return hashlib.blake2b(f"{seed}\0{name}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
