"""How often a model uses each word: what control sets, doses and compensation are counted from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.lexicon import definition
from reasonlens.stats.keyness import log_odds
from reasonlens.text.segments import segments

__all__ = ["by_keyness", "known_words", "named_model", "problem_words", "word_counts"]

_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]+(?:['’][A-Za-z]+)*")  # \frac is no word
_PLAIN = re.compile(r"[A-Za-z]+")
_PRIOR = 500.0  # words that the prior of log odds stands for


def word_counts(study: Study, model: str, condition: str | None = "baseline") -> pd.DataFrame:
    """Return how often a model uses each word: ``word hits initial_hits``.

    Parameters
    ----------
    condition
        Of which condition; ``None`` for all.

    Returns
    -------
    pandas.DataFrame
        The most frequent first; ``initial_hits`` are those that begin a sentence.
    """
    hits: Counter[str] = Counter()
    initial: Counter[str] = Counter()
    for _, text in _texts(study, model, condition):
        for segment in segments(text):
            words = [word.lower() for word in _WORD.findall(segment.content(text))]
            hits.update(words)
            initial.update(words[:1])
    rows = [(word, n, initial[word]) for word, n in hits.most_common()]
    return pd.DataFrame(rows, columns=["word", "hits", "initial_hits"])


def problem_words(study: Study, model: str, condition: str) -> pd.DataFrame:
    """Return how often a condition uses each word in the responses to each problem: words x problems."""
    found: dict[str, Counter[str]] = {}
    for problem, text in _texts(study, model, condition):
        found.setdefault(problem, Counter()).update(word.lower() for word in _WORD.findall(text))
    return pd.DataFrame({problem: pd.Series(counts) for problem, counts in found.items()}).fillna(0.0)


def by_keyness(own: pd.DataFrame, other: pd.DataFrame, words: Sequence[str]) -> list[str]:
    """Order words by how much more a model uses them than another does, the most telling first.

    Parameters
    ----------
    own, other
        As `word_counts` returns them.

    Notes
    -----
    By the z of log odds with an informative prior (Monroe et al. 2008, doi:10.1093/pan/mpn018).
    """
    wanted = [word.lower() for word in words]
    a, b = (table.set_index("word")["hits"].reindex(wanted).fillna(0.0).to_numpy() for table in (own, other))
    size_a, size_b = float(own["hits"].sum()), float(other["hits"].sum())
    if not (size_a and size_b):
        raise InputError("doses by keyness need two models with words; one of them has none")
    a, b = np.append(a, size_a - a.sum()), np.append(b, size_b - b.sum())  # last: all other words
    prior = _PRIOR * (a + b + 0.5) / (size_a + size_b)
    z = log_odds(a, size_a, b, size_b, prior).z[:-1]
    return [word for _, word in sorted(zip(-z, words, strict=True), key=lambda pair: (pair[0], pair[1]))]


def known_words(statements: Iterable[str]) -> list[str]:
    """Return the words of the shipped lexicons and of the statements of problems, in lower case, sorted.

    Entries of several words, prefixes (``verif*``) and other alphabets are left out.
    """
    lexicons = (definition.load(name) for name in definition.names())
    entries = (e.text for lexicon in lexicons for c in lexicon.categories for e in c.entries)
    found = {entry.lower() for entry in entries if _PLAIN.fullmatch(entry)}
    for statement in statements:
        found.update(word.lower() for word in _WORD.findall(statement) if _PLAIN.fullmatch(word))
    return sorted(found)


def named_model(text: str, option: str) -> tuple[Study, str]:
    """Return the study and the model that ``STUDY:MODEL`` names.

    Raises
    ------
    InputError
        If it is no such text, or the study has no trace of the model.
    """
    folder, mark, model = text.rpartition(":")
    if not (mark and folder and model):
        raise InputError(
            f"{option} {text!r} is not STUDY:MODEL, for instance {option} other-study:Qwen2.5-7B"
        )
    study = Study(folder)
    known = study.traces(["model"])["model"].astype("str").drop_duplicates().sort_values().tolist()
    if model not in known:
        raise InputError(f"{option}: {folder} has no traces of {model!r}; it has {', '.join(known)}")
    return study, model


def _texts(study: Study, model: str, condition: str | None) -> Iterator[tuple[str, str]]:
    mine = ds.field("model") == model
    if condition is not None:
        mine = mine & (ds.field("condition") == condition)
    scanner = study.dataset("traces").scanner(columns=["problem_id", "response"], filter=mine)
    for batch in scanner.to_batches():
        for problem, text in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if text:
                yield problem, text
