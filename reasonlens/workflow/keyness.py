"""Words, phrases and sentence openers that set two groups apart, found in the traces themselves.

Two passes over the parts of a study: one over the columns that name the traces, to find what both
groups answered, and one over the texts. Memory is bounded by problems, by distinct words and by the
phrases that occur in several problems (see `reasonlens.lexicon.ngram_counts`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.lexicon.definition import Lexicon
from reasonlens.lexicon.ngram_counts import Counter, Numbered, numbered
from reasonlens.lexicon.ngrams import LONGEST
from reasonlens.lexicon.term_categories import categories_of
from reasonlens.stats.distinctive import Floor
from reasonlens.workflow import pool
from reasonlens.workflow.keyness_rows import EFFECTS, Counted, Test, rows
from reasonlens.workflow.keyness_traces import Batch, Chosen, batches, cells_of, census, pair

__all__ = ["Keyness", "Request", "keyness", "sizes_of"]


_MANY = 3_000


@dataclass(frozen=True, slots=True)
class Request:
    """What is compared.

    Parameters
    ----------
    groups
        ``A:B``, two model kinds or models.
    text
        The column that is searched.
    sizes
        The fewest and the most words of a phrase.
    openers
        Whether openers of sentences are compared, too.
    effect
        What ranks the terms: a key of `reasonlens.workflow.keyness_rows.EFFECTS`.
    problems, dispersion
        A term is tested if it occurs in at least so many problems and is dispersed at least so
        evenly over them (DP at most this), both groups together.
    exclude, condition, all_problems
        As for the rates of `reasonlens.workflow.tokens`.
    draws, seed
        Of the permutations.
    """

    groups: str
    text: str = "response"
    sizes: tuple[int, int] = (1, LONGEST)
    openers: bool = True
    effect: str = "log-ratio"
    problems: int = 5
    dispersion: float = 0.5
    exclude: tuple[str, ...] = ("empty",)
    condition: str | None = None
    all_problems: bool = False
    draws: int = 9999
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Keyness:
    """The answer: one row per term and data set, in the schema of the table ``keyness``."""

    table: pd.DataFrame
    a: str
    b: str
    request: Request

    def leaders(self, dataset: str, kind: str, group: str, top: int) -> pd.DataFrame:
        """Return the leading terms of one of the two groups, best first."""
        of = self.table[(self.table["dataset"] == dataset) & (self.table["kind"] == kind)]
        of = of[of["rank"].notna() & ((of["log2_ratio"] > 0) == (group == self.a))]
        return of.sort_values("rank").head(top)


def keyness(
    study: Study,
    request: Request,
    lexicons: Sequence[Lexicon] = (),
    *,
    jobs: int | None = None,
    begin: Callable[[int], None] | None = None,
    progress: Callable[[int], None] | None = None,
    begin_tests: Callable[[int], None] | None = None,
    progress_tests: Callable[[float], None] | None = None,
) -> Keyness:
    """Compare the words of two groups and keep the table in the study.

    Parameters
    ----------
    study
        A study that has traces.
    request
        The groups, and how they are compared.
    lexicons
        Where the category of a term is looked up.
    jobs
        Number of processes that find words; default: all cores, one for fewer than 3,000 responses.
        The result does not depend on it.
    begin, progress
        Called with the number of responses to read, and with that of each batch once it is counted.
    begin_tests, progress_tests
        Called with the number of permutations to draw, and with some of them as they are done.

    Raises
    ------
    InputError, UnknownNameError
        If the groups do not exist or cannot be compared.
    """
    if request.effect not in EFFECTS:
        raise InputError(f"effect {request.effect!r} is none of {', '.join(EFFECTS)}")
    found = census(study)
    a, b = pair(request.groups, {row for part in found.values() for row in part})
    cells = cells_of(found, Chosen(a, b, request.exclude, request.condition, request.all_problems))
    words, sentences = np.zeros(len(cells.traces)), np.zeros(len(cells.traces))
    with Counter(request.problems, request.sizes[1]) as counter:
        if begin:
            begin(int(cells.traces.sum()))
        n = _jobs(int(cells.traces.sum()), jobs)
        work = pool.run(_numbered, batches(study, cells, request.text), jobs=n, preload=[__name__])
        for batch, found_words in work:
            n_words, n_sentences = counter.take(found_words, batch.problem, batch.cell)
            np.add.at(words, batch.cell, n_words)
            np.add.at(sentences, batch.cell, n_sentences)
            if progress:
                progress(len(batch.texts))
        counts = counter.result()
    test = Test(
        a,
        b,
        text=request.text,
        effect=request.effect,
        floor=Floor(request.problems, request.dispersion),
        least=request.sizes[0],
        paired=not request.all_problems,
        draws=request.draws,
        seed=request.seed,
    )
    kinds = [Counted("phrase", "per 1,000 words", counts.phrases, words)]
    if request.openers:
        kinds.append(Counted("opener", "per 1,000 sentences", counts.openers, sentences))
    table = rows(cells, counts, kinds, test, begin=begin_tests, progress=progress_tests)
    places = categories_of(table["term"].tolist(), lexicons)
    for name in ("lexicon", "category", "entry"):
        table[name] = pd.Series([getattr(place, name) for place in places], table.index, dtype="str")
    answer = Keyness(table, a, b, request)
    _keep(study, answer, lexicons)
    return answer


def _numbered(batch: Batch) -> Numbered:
    return numbered(batch.texts)


def _jobs(traces: int, wanted: int | None) -> int:
    """Return the number of processes: starting some takes longer than reading a small study."""
    return wanted or (pool.cores() if traces >= _MANY else 1)


def sizes_of(text: str) -> tuple[int, int]:
    """Read ``1-3`` or ``2`` as the fewest and the most words of a phrase.

    Examples
    --------
    >>> sizes_of("1-3"), sizes_of("2")
    ((1, 3), (2, 2))
    """
    found = re.fullmatch(rf"\s*([1-{LONGEST}])\s*(?:-\s*([1-{LONGEST}])\s*)?", text)
    if not found or int(found[2] or found[1]) < int(found[1]):
        raise InputError(
            f"--ngrams {text!r} is no range of 1 to {LONGEST} words, for instance 1-{LONGEST} or 2"
        )
    return int(found[1]), int(found[2] or found[1])


def _keep(study: Study, answer: Keyness, lexicons: Sequence[Lexicon]) -> None:
    details = {
        "command": "tokens --keyness",
        "request": asdict(answer.request),
        "lexicons": {x.name: {"version": x.version, "digest": x.digest} for x in lexicons},
    }
    name = "_".join(
        re.sub(r"[^A-Za-z0-9@+-]+", "-", each) for each in (answer.a, answer.b, answer.request.text)
    )
    study.write(
        "keyness", name.lstrip("."), pa.Table.from_pandas(answer.table, preserve_index=False), details=details
    )
