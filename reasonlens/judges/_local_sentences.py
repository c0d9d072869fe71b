"""The labelled sentences that a local judge learns from, and fifths of them by problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import StatisticsError
from reasonlens.judges._local_model import Floats, places_of

__all__ = ["FOLDS", "Labelled", "folds_of"]

FOLDS = 5

_SEED = 20250527

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Sentences of the labelled texts, one entry each, text by text.

    Attributes
    ----------
    sentences
        Their texts.
    places
        See `reasonlens.judges._local_model.places_of`, shape (N, 4).
    gold
        Whether each shows the behavior, shape (N, B); NaN where it is not labelled for one.
    trace, problem
        Codes of the text and of the problem, shape (N,).
    vectors
        Embeddings of the sentences, shape (N, D), or ``None``.
    """

    sentences: tuple[str, ...]
    places: Floats
    gold: Floats
    trace: Ints
    problem: Ints
    vectors: Floats | None = None

    @classmethod
    def of_texts(
        cls, texts: Sequence[Sequence[str]], gold: Sequence[Floats], problem: Sequence[int]
    ) -> Labelled:
        """Join sentences and labels (shape (sentences, B)) of several texts."""
        sizes = [len(sentences) for sentences in texts]
        return cls(
            tuple(sentence for sentences in texts for sentence in sentences),
            np.vstack([places_of(n) for n in sizes if n]),
            np.vstack([g for g in gold if len(g)]),
            np.repeat(np.arange(len(sizes)), sizes),
            np.repeat(np.asarray(problem, dtype=np.int64), sizes),
        )


def folds_of(data: Labelled) -> Ints:
    """Return the fifth of each sentence: by problem, with about as many positive ones in each.

    Raises
    ------
    StatisticsError
        If there are fewer problems than fifths.
    """
    problems = np.unique(data.problem)
    if len(problems) < FOLDS:
        raise StatisticsError(
            f"the labels are of {len(problems)} problems; at least {FOLDS} are needed to measure the error "
            "on problems that were not seen"
        )
    order = np.random.default_rng(_SEED).permutation(problems)
    positive = np.array([np.nansum(data.gold[data.problem == p]) for p in order])
    order = order[np.argsort(-positive, kind="stable")]
    turn = np.arange(len(order))
    there_and_back = np.where(turn // FOLDS % 2 == 0, turn % FOLDS, FOLDS - 1 - turn % FOLDS)
    fold_of = dict(zip(order.tolist(), there_and_back.tolist(), strict=True))
    return np.array([fold_of[p] for p in data.problem.tolist()], dtype=np.int64)
