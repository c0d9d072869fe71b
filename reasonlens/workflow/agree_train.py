"""From the labels of a study to a local judge: sentences, gold labels, training and measured error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reasonlens.core.errors import InputError
from reasonlens.core.manifest import version
from reasonlens.core.study import Study
from reasonlens.judges import Codebook, load_codebook
from reasonlens.judges._embeddings import load_encoder
from reasonlens.judges._local_model import LocalModel, save_model
from reasonlens.judges._local_sentences import Labelled
from reasonlens.judges._local_train import STEPS, fit
from reasonlens.stats.agreement_limits import agreement, judge_quality
from reasonlens.stats.estimate import Estimate
from reasonlens.workflow.agree_labels import labels_of
from reasonlens.workflow.agree_sentences import labelled_sentences

__all__ = ["EMBEDDING", "FOLDER", "STEPS", "Trained", "train"]

EMBEDDING = 20
"""Steps that embedding all sentences counts for."""

FOLDER = "judges"
"""Folder of a study with its trained judges."""

_LEAST_SENTENCES, _LEAST_PROBLEMS = 20, 10

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained judge: where it lies, what it learned from, and its error per behavior and unit.

    ``error`` has the columns ``behavior unit sensitivity specificity kappa n present problems``; each of the
    three is a tuple of value and limits. ``embeddings`` is the model that gave the vectors, or empty.
    """

    name: str
    path: Path
    learned_from: str
    traces: int
    sentences: int
    left_out: dict[str, int]
    error: pd.DataFrame
    embeddings: str = ""


def train(
    study: Study,
    judge: str,
    name: str,
    *,
    behaviors: Sequence[str] = (),
    text: str = "response",
    codebooks: Sequence[Codebook] = (),
    path: Path | None = None,
    embeddings: str | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Trained:
    """Train a local judge on the labels of one judge or person, and write it.

    A sentence shows a behavior if at least half of it lies in a quote of that judge, or half of a quote in
    it. A trace said to show it without any quote cannot be used, since nobody knows which sentence it is.

    Parameters
    ----------
    study
        The study with texts and labels.
    judge
        Whose labels.
    name
        Name of the new judge: ``local:NAME``.
    behaviors
        Only these.
    text
        The text that was judged.
    codebooks
        Codebooks of the user's own behaviors.
    path
        Where it is written; default ``STUDY/judges/NAME.npz``.
    embeddings
        A transformer (folder or model id) whose vectors of the sentences are learned from, too.
    progress
        Called with a number of steps that are done, `STEPS` in all and `EMBEDDING` for embeddings.

    Raises
    ------
    InputError
        If there are too few labels to learn from, or no such transformer.
    """
    encoder = load_encoder(embeddings) if embeddings else None
    frame = labels_of(study, text, behaviors)
    if judge not in set(frame["judge"]):
        raise InputError(
            f"{judge} has no labels; there are labels of {', '.join(sorted(set(frame['judge'])))}"
        )
    frame = frame[(frame["judge"] == judge) & (frame["repeat"] == 0)]
    books = _books(frame, codebooks)
    data, about = labelled_sentences(study, frame, books, judge, text)
    _enough(data, books, judge)
    if encoder is not None:
        vectors = encoder(data.sentences, lambda share: progress(share * EMBEDDING))
        data = replace(data, vectors=vectors)
    fitted = fit(data, progress)
    error = pd.DataFrame([row for i, book in enumerate(books) for row in _errors(book, i, data, fitted.said)])
    model = LocalModel(
        name,
        tuple(_about(book, error) for book in books),
        fitted.words,
        fitted.chars,
        fitted.weights,
        fitted.intercept,
        fitted.threshold,
        fitted.idf,
        {"labels": judge, "text": text, "scikit-learn": version("scikit-learn"), **about},
        embeddings=encoder.about() if encoder else {},
    )
    where = path or study.path / FOLDER / f"{name}.npz"
    save_model(model, where)
    left_out = {why: int(n) for why, n in about["left_out"].items()}
    return Trained(
        name,
        where,
        judge,
        about["traces"],
        len(data.sentences),
        left_out,
        error,
        encoder.name if encoder else "",
    )


def _books(frame: pd.DataFrame, codebooks: Sequence[Codebook]) -> list[Codebook]:
    """Return the codebooks of the labels; they must be those that were used."""
    known, found = {book.name: book for book in codebooks}, []
    for name, part in frame.groupby("behavior", sort=False):
        book = known.get(str(name)) or load_codebook(str(name))
        if set(part["digest"]) != {book.digest}:
            raise InputError(
                f"the labels of {name!r} were made with another version of its codebook than the one here "
                f"({book.version}); judge again with `reasonlens behaviors`, or name the file with --codebook"
            )
        found.append(book)
    return found


def _enough(data: Labelled, books: Sequence[Codebook], judge: str) -> None:
    for i, book in enumerate(books):
        shown = data.gold[:, i] == 1
        problems = len(np.unique(data.problem[shown]))
        if shown.sum() < _LEAST_SENTENCES or problems < _LEAST_PROBLEMS:
            raise InputError(
                f"{judge} marks {int(shown.sum())} sentences of {problems} problems with {book.name!r}; at "
                f"least {_LEAST_SENTENCES} of {_LEAST_PROBLEMS} problems are needed. Judge more responses, "
                "or choose other behaviors with --behavior"
            )


def _errors(book: Codebook, i: int, data: Labelled, said: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return the error on sentences, and on whole texts where those are what is asked about."""
    known = ~np.isnan(data.gold[:, i])
    gold, judge = data.gold[known, i], said[known, i].astype(np.float64)
    problem, trace = data.problem[known], data.trace[known]
    rows = [_error(book.name, "sentence", judge, gold, problem)]
    if book.unit == "trace":
        _, first, at = np.unique(trace, return_index=True, return_inverse=True)
        per = [np.bincount(at, x) > 0 for x in (judge, gold)]
        rows.append(_error(book.name, "trace", per[0].astype(float), per[1].astype(float), problem[first]))
    return rows


def _error(behavior: str, unit: str, judge: Floats, gold: Floats, problem: Any) -> dict[str, Any]:
    q = judge_quality(judge, gold, problem)
    kappa = agreement(np.column_stack([judge, gold]), "cohen", problem, categories=(0, 1))
    cells = (q.true_positive, q.false_positive, q.false_negative, q.true_negative)
    return {
        "behavior": behavior,
        "unit": unit,
        "sensitivity": _limits(q.sensitivity),
        "specificity": _limits(q.specificity),
        "kappa": _limits(kappa),
        "n": len(gold),
        "present": int(gold.sum()),
        "problems": len(np.unique(problem)),
        "cells": cells,
    }


def _limits(e: Estimate) -> tuple[float, float, float]:
    return float(e.value), float(e.low), float(e.high)


def _about(book: Codebook, error: pd.DataFrame) -> dict[str, Any]:
    mine = error[error["behavior"] == book.name].drop(columns="behavior").to_dict("records")
    clean = [{k: _plain(v) for k, v in row.items()} for row in mine]
    return {"name": book.name, "version": book.version, "digest": book.digest, "error": clean}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; undefined numbers are null."""
    if isinstance(value, tuple):
        return [None if isinstance(x, float) and np.isnan(x) else x for x in value]
    return value
