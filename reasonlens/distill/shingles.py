"""How alike two texts are: Jaccard similarity of their sets of word n-grams, from small sketches.

A sketch holds the smallest hashes of a set (bottom-k; Broder 1997, doi 10.1109/SEQUEN.1997.666900), so that
memory does not grow with the length of a trace. For sets of at most `SIZE` n-grams it is the set itself and
the similarity is exact; beyond that its standard error is sqrt(J (1 - J) / SIZE), at most 0.022.
"""

from __future__ import annotations

import hashlib
import re

import numpy as np
import numpy.typing as npt

__all__ = ["SIZE", "Sketch", "jaccard", "ngrams", "sketch"]

SIZE = 512
_WORD = re.compile(r"\w+")

Sketch = npt.NDArray[np.uint64]


def ngrams(text: str, n: int) -> set[str]:
    """Return the word n-grams of a text, lowercase; a shorter text is one n-gram of all its words.

    Examples
    --------
    >>> sorted(ngrams("Wait, let me check.", 3))
    ['let me check', 'wait let me']
    """
    words = _WORD.findall(text.casefold())
    if not words:
        return set()
    return {" ".join(words[i : i + n]) for i in range(max(1, len(words) - n + 1))}


def sketch(text: str, n: int = 5, size: int = SIZE) -> Sketch:
    """Return the `size` smallest hashes of the word n-grams of a text, ascending."""
    hashes = (hashlib.blake2b(g.encode("utf-8", "surrogatepass"), digest_size=8) for g in ngrams(text, n))
    found = np.fromiter((int.from_bytes(h.digest(), "big") for h in hashes), dtype=np.uint64)
    return np.sort(found)[:size]


def jaccard(a: Sketch, b: Sketch, size: int = SIZE) -> float:
    """Return the Jaccard similarity of two texts by their sketches; 1 for two empty ones."""
    union = np.union1d(a, b)[:size]
    if not len(union):
        return 1.0
    return float(np.isin(np.intersect1d(a, b), union).sum() / len(union))
