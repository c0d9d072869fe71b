"""Sentences of labelled responses, and whether each shows a behavior: what a local judge learns from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.judges import ANSWERS, Codebook, sentences_of
from reasonlens.judges._local_sentences import Labelled
from reasonlens.judges._quotes import COUNTED
from reasonlens.workflow.agree_labels import with_groups

__all__ = ["labelled_sentences"]

Floats = npt.NDArray[np.float64]

_MOST = 200_000  # sentences that are learned from

Spans = dict[tuple[str, str], list[tuple[int, int]]]


def _quotes(study: Study, judge: str, text: str, behaviors: Sequence[str]) -> Spans:
    """Return the places of the counted quotes by trace and behavior."""
    rows = study.read(
        "labels", text, columns=["trace_id", "behavior", "judge", "repeat", "verdict", "quotes"]
    )
    found: Spans = {}
    for row in rows.to_pylist():
        if row["judge"] == judge and row["repeat"] == 0 and row["behavior"] in behaviors:
            spans = [(q["start"], q["end"]) for q in row["quotes"] if q["found"] in COUNTED]
            if row["verdict"] == "present":
                found.setdefault((row["trace_id"], row["behavior"]), []).extend(spans)
    return found


def _texts(study: Study, wanted: set[str], text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    empty = False
    for part in study.parts("traces"):
        stored = pq.read_table(study.part_path("traces", part), columns=["trace_id", text])
        for trace_id, body in zip(stored["trace_id"].to_pylist(), stored[text].to_pylist(), strict=True):
            if trace_id in wanted and body:
                found[trace_id] = body
            empty |= trace_id in wanted and body == ""
    if not found and empty:
        raise InputError(f"every labelled {text} of the study {study.path} is empty: nothing to learn from")
    if not found:
        raise InputError(f"the study {study.path} keeps no texts; read the files again with --study")
    return found


def labelled_sentences(
    study: Study, frame: pd.DataFrame, books: Sequence[Codebook], judge: str, text: str
) -> tuple[Labelled, dict[str, Any]]:
    """Return the sentences, and an account: traces, sentences, what was left out and why.

    Parameters
    ----------
    study
        The study with texts and labels.
    frame
        Labels of `judge` (first answers).
    books
        Codebooks of these labels.
    judge, text
        Whose quotes; the text that was judged.

    Raises
    ------
    InputError
        If the study keeps no texts.
    """
    texts = _texts(study, set(frame["trace_id"]), text)
    spans = _quotes(study, judge, text, [book.name for book in books])
    groups = with_groups(study, frame[["trace_id"]].drop_duplicates().reset_index(drop=True))
    left_out: dict[str, int] = {}
    sentences, gold, problem, total = [], [], [], 0
    labelled = dict(iter(frame.groupby(["trace_id", "behavior"], sort=False)))
    for trace_id, code in zip(groups["trace_id"], groups["problem"], strict=True):
        body = texts.get(trace_id)
        if body is None or total > _MOST:
            why = "no text" if body is None else f"more than {_MOST:,} sentences"
            left_out[why] = left_out.get(why, 0) + 1
            continue
        places = sentences_of(body)
        columns = []
        for book in books:
            mine = labelled.get((trace_id, book.name))
            column, why = _gold(book, mine, places, spans.get((trace_id, book.name), []))
            columns.append(column)
            if why:
                left_out[why] = left_out.get(why, 0) + 1
        sentences.append([body[start:end] for start, end in places])
        gold.append(np.column_stack(columns))
        problem.append(int(code))
        total += len(places)
    data = Labelled.of_texts(sentences, gold, problem)
    return data, {"traces": len(sentences), "sentences": total, "left_out": left_out}


def _gold(
    book: Codebook,
    labels: pd.DataFrame | None,
    places: Sequence[tuple[int, int]],
    spans: list[tuple[int, int]],
) -> tuple[Floats, str]:
    """Return whether each sentence shows the behavior (NaN: unknown), and why a trace is of no use."""
    unknown = np.full(len(places), np.nan)
    if labels is None or not labels["verdict"].isin(ANSWERS).any():
        return unknown, "" if labels is None else "no answer"
    if book.unit == "sentence":
        known = dict(
            zip(zip(labels["unit_start"], labels["unit_end"], strict=True), labels["verdict"], strict=True)
        )
        codes = {"present": 1.0, "absent": 0.0}
        return np.array([codes.get(known.get(place, ""), np.nan) for place in places]), ""
    if labels["verdict"].iloc[0] == "absent":
        return np.zeros(len(places)), ""
    if not spans:
        return unknown, "present without a quote"
    return np.array([float(any(_covers(place, span) for span in spans)) for place in places]), ""


def _covers(place: tuple[int, int], span: tuple[int, int]) -> bool:
    shared = min(place[1], span[1]) - max(place[0], span[0])
    return shared > 0 and 2 * shared >= min(place[1] - place[0], span[1] - span[0])
