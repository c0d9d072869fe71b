"""Train a local judge, and measure it on problems that it has not seen.

Vocabulary, weights and threshold are learned again without each fifth of the problems and tried on it; the
judge itself then learns from all. The threshold is the one with the best F1 on sentences that the weights
were not learned from; for the error of a fifth it is chosen on the other four.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import StatisticsError
from reasonlens.judges._local_model import Floats, extras, vectorizers
from reasonlens.judges._local_sentences import FOLDS, Labelled, folds_of

__all__ = ["STEPS", "Fitted", "fit"]

STEPS = FOLDS + 2
"""Steps that `fit` reports."""

_TERMS = 20_000  # of each sort
_LEAST_POSITIVE = 5
_LEAST_DF = 2

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was learned: vocabulary, weights, and what a judge says that did not see the problem.

    Attributes
    ----------
    words, chars, idf
        N-grams and their weights, shapes (W,), (C,), (W + C,).
    weights, intercept, threshold
        Of the judge that learned from all, shapes (B, F), (B,), (B,).
    said
        Verdicts on each sentence by a judge that never saw its problem, shape (N, B).
    """

    words: tuple[str, ...]
    chars: tuple[str, ...]
    idf: Floats
    weights: Floats
    intercept: Floats
    threshold: Floats
    said: Bools


@dataclass(frozen=True, slots=True)
class _Counts:
    """N-grams of all sentences, counted once: for words and for characters the terms and the counts."""

    terms: tuple[Any, Any]
    counts: tuple[Any, Any]
    extra: Any

    @classmethod
    def of(cls, data: Labelled) -> _Counts:
        from scipy import sparse
        from sklearn.feature_extraction.text import CountVectorizer

        terms, counts = [], []
        for one in vectorizers():
            settings = {k: v for k, v in one.get_params().items() if k in CountVectorizer().get_params()}
            counter = CountVectorizer(**{**settings, "min_df": _LEAST_DF, "max_features": 3 * _TERMS})
            counts.append(counter.fit_transform(data.sentences).tocsr())
            terms.append(counter.get_feature_names_out())
        return cls(
            (terms[0], terms[1]),
            (counts[0], counts[1]),
            sparse.csr_matrix(extras(data.sentences, data.places, data.vectors)),
        )


def fit(data: Labelled, progress: Callable[[int], None] = lambda _: None) -> Fitted:
    """Learn from all sentences, and from each four fifths of the problems.

    Parameters
    ----------
    data
        The labelled sentences.
    progress
        Called with 1 after each of `STEPS` steps.

    Raises
    ------
    StatisticsError
        If there are too few problems, or too few sentences with or without a behavior.
    """
    folds = folds_of(data)
    counted = _Counts.of(data)
    progress(1)
    chances = np.zeros(data.gold.shape)
    for fold in range(FOLDS):
        kept, idf = _vocabulary(counted, folds != fold)
        x = _features(counted, kept, idf)
        weights, intercept = _weights(x, data.gold, folds != fold)
        rows = np.flatnonzero(folds == fold)
        chances[rows] = _chances(x[rows], weights, intercept)
        progress(1)
    kept, idf = _vocabulary(counted, np.ones(len(folds), dtype=bool))
    weights, intercept = _weights(_features(counted, kept, idf), data.gold, np.ones(len(folds), dtype=bool))
    progress(1)
    words, chars = (tuple(t[k].tolist()) for t, k in zip(counted.terms, kept, strict=True))
    every = range(data.gold.shape[1])
    return Fitted(
        words,
        chars,
        np.concatenate(idf),
        weights,
        intercept,
        np.array([_best_threshold(chances[:, b], data.gold[:, b]) for b in every]),
        _said(chances, data.gold, folds),
    )


def _said(chances: Floats, gold: Floats, folds: Ints) -> Bools:
    said = np.zeros(gold.shape, dtype=bool)
    for fold in range(FOLDS):
        mine = folds == fold
        for b in range(gold.shape[1]):
            least = _best_threshold(chances[~mine, b], gold[~mine, b])
            said[mine, b] = chances[mine, b] >= least
    return said


def _vocabulary(counted: _Counts, train: Bools) -> tuple[list[Ints], list[Floats]]:
    """Return the commonest n-grams of the sentences to learn from, and their weights ``idf``."""
    kept, weights = [], []
    n = int(train.sum())
    for counts in counted.counts:
        mine = counts[np.flatnonzero(train)]
        df = np.bincount(mine.indices, minlength=counts.shape[1])
        total = np.asarray(mine.sum(axis=0)).ravel()
        usable = np.flatnonzero(df >= _LEAST_DF)
        best = usable[np.argsort(-total[usable], kind="stable")[:_TERMS]]
        kept.append(np.sort(best))
        weights.append(np.log((1 + n) / (1 + df[kept[-1]])) + 1.0)
    return kept, weights


def _features(counted: _Counts, kept: Sequence[Ints], idf: Sequence[Floats]) -> Any:
    """Return what `reasonlens.judges._local_model.features` makes of the same sentences, from the counts."""
    from scipy import sparse
    from sklearn.preprocessing import normalize

    blocks = []
    for counts, columns, weights in zip(counted.counts, kept, idf, strict=True):
        block = counts[:, columns].astype(np.float64)
        block.data = 1 + np.log(block.data)
        blocks.append(normalize(block @ sparse.diags(weights)))
    return sparse.hstack([*blocks, counted.extra]).tocsr()


def _weights(x: Any, gold: Floats, train: Bools) -> tuple[Floats, Floats]:
    from sklearn.linear_model import LogisticRegression

    weights, intercept = [], []
    for b in range(gold.shape[1]):
        rows = np.flatnonzero(train & ~np.isnan(gold[:, b]))
        y = gold[rows, b] == 1
        if y.sum() < _LEAST_POSITIVE or y.all():
            raise StatisticsError(
                f"{int(y.sum())} of {len(y)} sentences show behavior {b}; at least {_LEAST_POSITIVE} with "
                "and some without it are needed to learn from"
            )
        model = LogisticRegression(
            C=4.0, class_weight="balanced", max_iter=1000, solver="liblinear", tol=1e-3
        )
        model.fit(x[rows], y)
        weights.append(model.coef_[0])
        intercept.append(float(model.intercept_[0]))
    return np.array(weights), np.array(intercept)


def _chances(x: Any, weights: Floats, intercept: Floats) -> Floats:
    score = np.asarray(x @ weights.T) + intercept
    result: Floats = 1 / (1 + np.exp(-np.clip(score, -500, 500)))
    return result


def _best_threshold(chance: Floats, gold: Floats) -> float:
    """Return the threshold with the best F1; of equal ones the highest."""
    known = ~np.isnan(gold)
    order = np.argsort(-chance[known], kind="stable")
    score, y = chance[known][order], gold[known][order] == 1
    found = np.cumsum(y)
    f1 = 2 * found / (np.arange(1, len(y) + 1) + y.sum())
    last = np.r_[np.diff(score) != 0, True]  # equal chances are taken together
    return float(score[np.argmax(np.where(last, f1, -1))])
