"""Which traces of one problem are kept: no near-duplicates, and the most different ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from reasonlens.distill.shingles import Sketch, jaccard

__all__ = ["difficulty_order", "diverse", "nested", "originals", "originals_of_many"]


def originals(sketches: Sequence[Sketch], threshold: float) -> list[int]:
    """Return the places of the texts that resemble no earlier kept one by `threshold` or more."""
    kept: list[int] = []
    for i, mine in enumerate(sketches):
        if all(jaccard(mine, sketches[j]) < threshold for j in kept):
            kept.append(i)
    return kept


def originals_of_many(sketches: Sequence[Sketch], threshold: float) -> list[int]:
    """Return what `originals` returns, for many texts: only those that share an n-gram are compared.

    Parameters
    ----------
    threshold
        Above 0.
    """
    kept: list[int] = []
    having: dict[int, list[int]] = {}
    for i, mine in enumerate(sketches):
        hashes = mine.tolist()
        near = {j for hashed in hashes for j in having.get(hashed, ())}
        if any(jaccard(mine, sketches[j]) >= threshold for j in near):
            continue
        kept.append(i)
        for hashed in hashes:
            having.setdefault(hashed, []).append(i)
    return kept


def diverse(sketches: Sequence[Sketch], k: int) -> list[int]:
    """Return the places of `k` texts that differ most from each other, ascending.

    The first is the medoid (the one that resembles the others most); each next one is the one whose most
    similar chosen text is least similar (farthest-point traversal). Ties go to the earlier text.
    """
    n = len(sketches)
    if n <= k:
        return list(range(n))
    alike = [[jaccard(a, b) for b in sketches] for a in sketches]
    chosen = [max(range(n), key=lambda i: (sum(alike[i]), -i))]
    while len(chosen) < k:
        rest = [i for i in range(n) if i not in chosen]
        chosen.append(min(rest, key=lambda i: (max(alike[i][j] for j in chosen), i)))
    return sorted(chosen)


def nested(problem_ids: Iterable[str], n: int | None, seed: int = 0) -> set[str]:
    """Return `n` problems at random; fewer of the same seed are always a subset of more."""
    different = sorted(set(problem_ids), key=lambda p: hashlib.blake2b(f"{seed}:{p}".encode()).digest())
    return set(different[:n])


def difficulty_order(wrong: Mapping[str, float], size: Mapping[str, float]) -> list[str]:
    """Return problems from easy to hard: by share of wrong answers, then by mean length of the traces.

    A problem of unknown share (NaN) stands where its length puts it among all problems: it gets the mean
    rank of length as its place, so nothing is taken for easy because nobody graded it.
    """
    problems = sorted(size)
    known = [p for p in problems if wrong.get(p, float("nan")) == wrong.get(p, float("nan"))]
    by_wrong = _ranks(sorted(known, key=lambda p: (wrong[p], size[p], p)))
    by_size = _ranks(sorted(problems, key=lambda p: (size[p], p)))
    return sorted(problems, key=lambda p: (by_wrong.get(p, by_size[p]), by_size[p], p))


def _ranks(ordered: Sequence[str]) -> dict[str, float]:
    """Return the place of each in the order, from 0 to 1."""
    return {p: (i + 0.5) / len(ordered) for i, p in enumerate(ordered)}
