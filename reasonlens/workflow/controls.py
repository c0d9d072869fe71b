"""Synthetic controls of a study's traces, written as an output file that every command reads.

The reasoning of each trace is changed (`reasonlens.text.controls`), the answer is not. A control has
the name of what was done as its condition, and keeps model, problem and sample, so it pairs with
its original. What was changed stands in ``control``; with it the original can be restored.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study, commit
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import Lexicon
from reasonlens.text.controls import Control, Span, inject, needed, shuffle, strip
from reasonlens.text.words import count_words
from reasonlens.workflow._control_rows import batches, marked, row_of

__all__ = ["MAKES", "MARKERS", "Made", "Rates", "Recipe", "make", "rates_of"]

MAKES = ("inject", "strip", "shuffle")
"""What can be made."""

MARKERS = (
    *("wait", "wait a second", "wait a minute", "wait a moment", "hold on", "hmm", "perhaps", "maybe"),
    *("alternatively", "actually", "okay", "but"),
)
"""Markers that can come and go without breaking a sentence. Not the paper's list."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to make.

    Attributes
    ----------
    make
        One of `MAKES`.
    markers
        The words that are put in or taken out.
    rate, like
        For ``inject``: markers per 1,000 words of reasoning, or the model or model kind whose rate
        (and mix of markers) is to be matched.
    group
        The model or model kind whose traces are used; ``None`` for all.
    name
        The condition that is written; default: what was made.
    originals
        Write the unchanged traces too, under their own condition.
    """

    make: str
    markers: tuple[str, ...] = MARKERS
    rate: float | None = None
    like: str | None = None
    group: str | None = None
    seed: int = 0
    name: str | None = None
    originals: bool = False

    def lexicon(self) -> Lexicon:
        """Return the markers as a lexicon."""
        return definition.from_options([f"markers={','.join(self.markers)}"])


@dataclass(slots=True)
class Rates:
    """Words and hits of the markers, by marker."""

    words: int = 0
    hits: Counter[str] = field(default_factory=Counter)

    @property
    def per_thousand(self) -> float:
        """Markers per 1,000 words; NaN without words."""
        return 1000 * self.hits.total() / self.words if self.words else float("nan")

    def add(self, words: int, hits: Counter[str]) -> None:
        """Add one text."""
        self.words += words
        self.hits.update(hits)


@dataclass(slots=True)
class Made:
    """What was written."""

    traces: int = 0
    changed: int = 0
    edits: int = 0
    kept: int = 0
    short: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    before: Rates = field(default_factory=Rates)
    after: Rates = field(default_factory=Rates)
    target: float | None = None


def rates_of(study: Study, recipe: Recipe, group: str | None) -> Rates:
    """Return the rate of the markers in the reasoning of a model or model kind (``None``: all).

    Raises
    ------
    UnknownNameError
        If no trace is of this model or kind.
    """
    total, lexicon = Rates(), recipe.lexicon()
    for batch in batches(study, group):
        for words, spans in marked(batch, lexicon):
            total.add(words, Counter(marker for _, marker in spans))
    return total


def make(
    study: Study, recipe: Recipe, path: Path, *, progress: Callable[[int], None] = lambda _: None
) -> Made:
    """Write controls of a study's traces to a file of JSON lines.

    Raises
    ------
    InputError
        If the recipe lacks a rate, the study has no text, or the folder of `path` does not exist.
    UnknownNameError
        If the make, the group or the model to be like does not exist.
    """
    if recipe.make not in MAKES:
        raise UnknownNameError("control", recipe.make, MAKES)
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    made = Made()
    weights = _weights(study, recipe, made)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as out:
            for batch in batches(study, recipe.group):
                for row in _rows(batch, recipe, weights, made):
                    out.write(json.dumps(row, ensure_ascii=True) + "\n")
                progress(batch.num_rows)
        commit(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return made


def _weights(study: Study, recipe: Recipe, made: Made) -> list[tuple[str, float]]:
    """Return the mix of markers to put in, and note the rate to reach."""
    equal = [(marker, 1.0) for marker in recipe.markers]
    if recipe.make != "inject":
        return equal
    if (recipe.rate is None) == (recipe.like is None):
        raise InputError("to inject markers, say how many: --rate 20 (per 1,000 words) or --like MODEL|KIND")
    if recipe.like is None:
        made.target = recipe.rate
        return equal
    found = rates_of(study, recipe, recipe.like)
    if not found.hits:
        raise InputError(f"{recipe.like} uses none of the markers {', '.join(recipe.markers)}")
    made.target = found.per_thousand
    return [(marker, float(n)) for marker, n in sorted(found.hits.items())]


def _rows(
    batch: pa.Table, recipe: Recipe, weights: list[tuple[str, float]], made: Made
) -> Iterator[dict[str, Any]]:
    lexicon = recipe.lexicon()
    controls = []
    for row, (words, spans) in zip(batch.to_pylist(), marked(batch, lexicon), strict=True):
        text = row["reasoning"] or ""
        if not text.strip():
            made.skipped["no reasoning"] += 1
            continue
        made.before.add(words, Counter(marker for _, marker in spans))
        controls.append((row, _changed(row, text, words, spans, recipe, weights, made)))
    texts = pa.table(
        {"trace_id": [r["trace_id"] for r, _ in controls], "reasoning": [c.text for _, c in controls]}
    )
    for words, spans in marked(texts, lexicon) if controls else ():
        made.after.add(words, Counter(marker for _, marker in spans))
    for row, control in controls:
        made.traces += 1
        made.changed += control.text != row["reasoning"]
        made.edits += len(control.edits)
        made.kept += len(control.kept)
        if recipe.originals:
            yield row_of(row, row["reasoning"], row["condition"], None)
        provenance = {
            "make": recipe.make,
            "seed": recipe.seed,
            "of": row["trace_id"],
            "part": "reasoning",
            "markers": list(recipe.markers),
            "target": made.target,
            **control.provenance(),
        }
        yield row_of(row, control.text, recipe.name or recipe.make, provenance)


def _changed(
    row: dict[str, Any],
    text: str,
    words: int,
    spans: list[tuple[Span, str]],
    recipe: Recipe,
    weights: list[tuple[str, float]],
    made: Made,
) -> Control:
    if recipe.make == "strip":
        return strip(text, [span for span, _ in spans])
    if recipe.make == "shuffle":
        return shuffle(text, seed=recipe.seed, key=row["trace_id"], keep_last=not row["answer"])
    size = sum(weight * count_words(marker) for marker, weight in weights) / sum(w for _, w in weights)
    wanted = needed(words, len(spans), made.target or 0.0, size)
    control = inject(text, weights, wanted, seed=recipe.seed, key=row["trace_id"])
    made.short += len(control.edits) < int(wanted)
    return control
