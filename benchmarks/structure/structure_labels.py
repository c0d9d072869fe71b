"""Published labels of sentences as kinds of steps, beside what the baseline decomposer says of them."""

from __future__ import annotations

import gzip
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonlens.structure.baseline import sentence_kinds, steps_of
from reasonlens.structure.markers import NEUTRAL

__all__ = ["MATH", "Trace", "kinds_of", "opened", "traces"]

MATH, GENERAL = "thought_anchors_math_6label_sets.jsonl.gz", "thought_anchors_general_labelled.jsonl.gz"

Kinds = list[str | None]


@dataclass(frozen=True, slots=True)
class Trace:
    """The reasoning of one trace by labelled sentence.

    Parameters
    ----------
    problem
        Which problem; several traces may have the same.
    said
        What the baseline says each sentence does.
    opens
        Whether the baseline begins a step in each sentence.
    codes
        For each set of labels the codes of each sentence.
    """

    problem: str
    said: tuple[str, ...]
    opens: tuple[bool, ...]
    codes: dict[str, tuple[frozenset[str], ...]]


def traces(folder: Path) -> Iterator[Trace]:
    """Yield the labelled traces, each cut to its reasoning."""
    for name in (MATH, GENERAL):
        with gzip.open(folder / name, "rt", encoding="utf-8") as file:
            for line in file:
                if found := _trace(json.loads(line), name):
                    yield found


def _trace(row: dict[str, Any], name: str) -> Trace | None:
    chunks = _reasoning(row["chunks"])
    if not chunks:
        return None
    prefix = "math" if name == MATH else "general"
    given = [c["labels"] if prefix == "math" else {"": [c["label"]]} for c in chunks]
    sets = sorted({s for labels in given for s in labels})
    codes = {
        f"{prefix}/{s}".rstrip("/"): tuple(frozenset(labels.get(s, ())) for labels in given) for s in sets
    }
    said, opens = opened([c["text"] for c in chunks])
    return Trace(f"{prefix}/{row['trace_id'].split('/')[0]}", said, opens, codes)


def _reasoning(chunks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sentences between the marks of thinking, which stand inside of sentences."""
    begin = next((i for i, c in enumerate(chunks) if "<think>" in c["text"]), 0)
    found: list[dict[str, Any]] = []
    for chunk in chunks[begin:]:
        text, closed, _ = chunk["text"].rpartition("<think>")[2].partition("</think>")
        if text.strip():
            found.append({**chunk, "text": text.strip()})
        if closed:
            break
    return found


def opened(sentences: Sequence[str]) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    """Return what the baseline says of labelled sentences: the kind of each, and whether it begins a step.

    The sentences are put one to a paragraph, so that the two sides differ in kinds and not in where sentences
    end. A labelled sentence that the baseline cuts in several has the kind of its first one with a marker.

    Examples
    --------
    >>> opened(["First, add them.", "2 + 3 = 5.", "Hmm. Is that right?"])
    (('plan', 'compute', 'check'), (True, False, True))
    """
    text, spans = "", []
    for sentence in sentences:
        spans.append((len(text), len(text) + len(sentence)))
        text += f"{sentence}\n\n"
    kinds: list[list[str]] = [[] for _ in spans]
    opens = [False] * len(spans)
    for start, _, kind in sentence_kinds(text):
        kinds[_place(spans, start)].append(kind)
    for step in steps_of(text):
        opens[_place(spans, step.start)] = True
    return tuple(next((k for k in mine if k != NEUTRAL), NEUTRAL) for mine in kinds), tuple(opens)


def _place(spans: Sequence[tuple[int, int]], start: int) -> int:
    return bisect_right(spans, start, key=lambda span: span[0]) - 1


def kinds_of(codes: Sequence[frozenset[str]], mapping: Mapping[str, Sequence[str]]) -> Kinds:
    """Return the kind of each sentence by its codes; ``None`` if they stand for none, or for several.

    Examples
    --------
    >>> kinds_of([frozenset(["Recall"]), frozenset(["Prompt"])], {"recall": ["Recall"]})
    ['recall', None]
    """
    found: Kinds = []
    for given in codes:
        kinds = [kind for kind, known in mapping.items() if given & set(known)]
        found.append(kinds[0] if len(kinds) == 1 else None)
    return found
