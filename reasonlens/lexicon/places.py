"""Where hits stand, in words: how many words of the text come before each hit.

Words are those of `reasonlens.text.words`, the same for every lexicon, so that places and lengths
have one unit whatever a lexicon's own rule is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reasonlens.core.errors import SchemaError
from reasonlens.lexicon.model import Lexicon
from reasonlens.lexicon.overlaps import Hits
from reasonlens.lexicon.plan import plan_of
from reasonlens.lexicon.scan import scan
from reasonlens.text import words

__all__ = ["Places", "categories_of", "places", "words_before"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Hits in a table of traces, and the length of every trace.

    Attributes
    ----------
    n_words
        Words of each row, shape (rows,).
    row, category, word
        One item per hit, by row, then category, then place: the row, the number of the category
        (see `categories_of`) and the number of words before the hit.
    """

    n_words: Ints
    row: Ints
    category: Ints
    word: Ints


def categories_of(lexicons: Sequence[Lexicon]) -> list[tuple[str, str]]:
    """Return the (lexicon, category) that each number of a category stands for."""
    return [(lexicon.name, category.name) for lexicon in lexicons for category in lexicon.categories]


def places(traces: pa.Table, lexicons: Sequence[Lexicon], *, part: str = "response") -> Places:
    """Find the entries of `lexicons` in one text column and count the words before each hit.

    A hit within a word (rules that look inside words) has the words before that word. A hit after
    the last word has as many words before it as the text has.

    Parameters
    ----------
    traces
        Rows with the text column `part`; a null text counts as empty.
    lexicons
        What to find.

    Raises
    ------
    SchemaError
        If the column is missing.

    Examples
    --------
    >>> from reasonlens.lexicon.definition import from_option
    >>> found = places(pa.table({"response": ["So 2 is it. Wait, so"]}), [from_option("m=wait,so")])
    >>> found.word.tolist(), found.n_words.tolist()
    ([0, 3, 4], [5])
    """
    if part not in traces.column_names:
        raise SchemaError(f"the traces have no column {part!r}; they have {', '.join(traces.column_names)}")
    texts = [text or "" for text in traces[part].to_pylist()]
    plan = plan_of(tuple(lexicons))
    hits = Hits.joined([chunk.hits for chunk in scan(texts, plan)])
    category = plan.category[hits.entry] if len(hits) else hits.entry
    order = np.lexsort((hits.start, category, hits.row))
    row, start = hits.row[order], hits.start[order]
    edges = np.searchsorted(row, np.arange(len(texts) + 1))
    word = np.zeros(len(row), np.int64)
    n_words = np.zeros(len(texts), np.int64)
    for i, text in enumerate(texts):
        ends = _word_ends(text)
        n_words[i] = len(ends)
        here = slice(edges[i], edges[i + 1])
        word[here] = np.searchsorted(ends, start[here], side="right")
    return Places(n_words, row, category[order], word)


def words_before(text: str, at: npt.ArrayLike) -> Ints:
    """Return how many words of `text` end at or before each place (in characters).

    Examples
    --------
    >>> words_before("Wait, 2 is ok", [0, 4, 6, 8, 13]).tolist()
    [0, 1, 1, 1, 3]
    """
    return np.searchsorted(_word_ends(text), np.asarray(at, np.int64), side="right").astype(np.int64)


def _word_ends(text: str) -> Ints:
    tokens = words.tokenize(words.codepoints(text))
    return tokens.ends[tokens.is_word]
