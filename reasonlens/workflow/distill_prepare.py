"""A study to a training set: two passes over the traces, texts on disk between them.

The first pass keeps a sketch and some numbers per trace and decides; the second writes the chosen texts to
a scratch file, and from there in the wanted order. Memory grows with the number of traces (about 4 kB each),
not with their length.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.manifest import digest_of
from reasonlens.core.study import Study
from reasonlens.distill.account import Account
from reasonlens.distill.choose import difficulty_order, diverse, nested, originals, originals_of_many
from reasonlens.distill.contamination import Benchmarks
from reasonlens.distill.rows import Texts, failed_call, response_text
from reasonlens.distill.shingles import Sketch, sketch
from reasonlens.text import model_tokens
from reasonlens.workflow.correctness import correctness
from reasonlens.workflow.distill_rows import COLUMNS, Seen, Settings, rows_of, texts_of
from reasonlens.workflow.distill_write import write_about, write_rows

__all__ = ["Settings", "prepare", "teachers_of"]


@dataclass(slots=True)
class _State:
    account: Account = field(default_factory=Account)
    kept: list[Seen] = field(default_factory=list)
    right: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    clean: dict[str, bool] = field(default_factory=dict)
    statements: dict[str, Sketch] = field(default_factory=dict)


def teachers_of(study: Study, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the models whose traces are learned: the ones named, or those that are teachers.

    Raises
    ------
    InputError
        If a model is not there, or none is known to be a teacher.
    """
    kinds: dict[str, str] = {}
    for part in study.parts("traces"):
        for row in pq.read_table(
            study.part_path("traces", part), columns=["model", "model_kind"]
        ).to_pylist():
            kinds[row["model"]] = row["model_kind"]
    listed = ", ".join(sorted(map(str, kinds))) or "none"
    missing = [name for name in wanted if name not in kinds]
    if missing:
        raise InputError(f"--teacher {missing[0]}: no trace is by this model; the models are: {listed}")
    found = tuple(wanted) or tuple(sorted(name for name, kind in kinds.items() if kind == "teacher"))
    if not found:
        raise InputError(f"no model here is known as a teacher; name one with --teacher: {listed}")
    return found


def prepare(
    study: Study,
    settings: Settings,
    out: Path,
    *,
    benchmarks: Benchmarks | None = None,
    begin: Callable[[int], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Account:
    """Write ``train.jsonl``, ``train.parquet``, ``report.json`` and ``README.md`` to `out`.

    Raises
    ------
    InputError
        If nothing is left, or a limit in tokens comes without a tokenizer.
    """
    if (settings.max_tokens or settings.min_tokens) and not settings.tokenizer:
        raise InputError("--max-tokens and --min-tokens count tokens of a model: add --tokenizer MODEL")
    state = _State()
    begin(2 * sum(study.rows("traces", part) for part in study.parts("traces")))
    for part in study.parts("traces"):
        _first_pass(study, part, settings, benchmarks, state, progress)
    chosen = _choose(state, settings)
    if not chosen:
        raise InputError(
            f"no trace is left to train on; of {state.account.traces:,} were dropped: "
            + (", ".join(f"{name} {n:,}" for name, n in state.account.dropped.items()) or "none (none read)")
        )
    wrong = {p: 1 - float(np.mean(v)) for p, v in state.right.items()}
    out.mkdir(parents=True, exist_ok=True)
    write_rows(study, settings, _ordered(chosen, wrong, settings), wrong, out, state.account, progress)
    write_about(study, settings, benchmarks, state.account, out)
    return state.account


def _first_pass(
    study: Study,
    part: str,
    settings: Settings,
    benchmarks: Benchmarks | None,
    state: _State,
    progress: Callable[[int], None],
) -> None:
    at = 0
    for frame in rows_of(study, part, COLUMNS):
        right = correctness(study, part, frame)
        rows = frame.to_dict("records")
        for row, value in zip(rows, right, strict=True):
            if row["problem_id"] and value == value:
                state.right[row["problem_id"]].append(float(value))
        mine = [i for i, row in enumerate(rows) if row["model"] in settings.teachers]
        good = [i for i in mine if _usable(rows[i], float(right[i]), settings, benchmarks, state)]
        made = {i: texts_of(rows[i], settings) for i in good}
        tokens = _tokens(made, settings)
        for i in good:
            _remember(state, settings, rows[i], float(right[i]), made[i], tokens.get(i), (part, at + i))
            if rows[i]["problem_id"] not in state.statements:
                state.statements[rows[i]["problem_id"]] = sketch(rows[i]["problem"])
        at += len(rows)
        progress(len(rows))


def _usable(
    row: dict[Any, Any], right: float, settings: Settings, benchmarks: Benchmarks | None, state: _State
) -> bool:
    """Count one trace; tell whether it may stay before its length is looked at."""
    state.account.traces += 1
    problem_id = row["problem_id"]
    why = None
    if not problem_id or not (row["problem"] or "").strip():
        why = "no_problem"
    elif not response_text(row["reasoning"], row["answer"], row["response"], settings.layout):
        why = "empty"
    elif failed_call(row["reasoning"], row["response"]):
        why = "failed_call"
    elif settings.only_correct and right != 1:
        why = "unknown" if right != right else "incorrect"
    if problem_id and problem_id not in state.clean:
        state.account.problems_in += 1
        hit = benchmarks.find(problem_id, row["problem"] or "") if benchmarks else None
        state.clean[problem_id] = hit is None
        if hit:
            told = {"how": hit.how, "benchmark": hit.benchmark, "there": hit.problem_id, "shared": hit.shared}
            state.account.contaminated.append({"problem_id": problem_id, **told})
    if why is None and not state.clean[problem_id]:
        why = "contaminated"
    if why:
        state.account.dropped[why] += 1
    return why is None


def _whole(made: Texts) -> str:
    return made.prompt + made.completion if made.prompt else "\n".join(m["content"] for m in made.messages)


def _tokens(made: dict[int, Texts], settings: Settings) -> dict[int, int]:
    """Return how many tokens each row has; the marks of a tokenizer's own template are extra."""
    if not settings.tokenizer or not made:
        return {}
    counts = model_tokens.count([_whole(one) for one in made.values()], settings.tokenizer)
    return dict(zip(made, counts, strict=True))


def _remember(
    state: _State,
    settings: Settings,
    row: dict[Any, Any],
    right: float,
    made: Texts,
    n_tokens: int | None,
    place: tuple[str, int],
) -> None:
    long = bool(settings.max_tokens and n_tokens and n_tokens > settings.max_tokens)
    if n_tokens is not None and n_tokens < settings.min_tokens:
        state.account.dropped["too_short"] += 1
    elif long and not settings.keep_long:
        state.account.dropped["too_long"] += 1
    else:
        found = sketch(made.completion)
        size = n_tokens if n_tokens is not None else len(made.completion)
        state.kept.append(Seen(place, row["problem_id"], right, n_tokens, size, found, long))


def _choose(state: _State, settings: Settings) -> list[Seen]:
    """Apply the filters that look at all traces of a problem, or at all problems."""
    by_problem: dict[str, list[Seen]] = defaultdict(list)
    for seen in state.kept:
        by_problem[seen.problem_id].append(seen)
    dropped, chosen = state.account.dropped, []
    first = sorted(by_problem)
    originals_at = originals_of_many([state.statements[p] for p in first], settings.same_problem)
    different_problems = {first[i] for i in originals_at}
    drawn = nested(different_problems, settings.limit, settings.seed)
    for problem_id, traces in by_problem.items():
        if problem_id not in different_problems:
            dropped["same_problem"] += len(traces)
            continue
        if problem_id not in drawn:
            dropped["not_drawn"] += len(traces)
            continue
        traces.sort(key=lambda s: digest_of([settings.seed, *s.place]))  # no teacher comes first always
        different = [traces[i] for i in originals([t.sketch for t in traces], settings.duplicate)]
        dropped["near_duplicate"] += len(traces) - len(different)
        best = [different[i] for i in diverse([t.sketch for t in different], settings.per_problem)]
        dropped["not_chosen"] += len(different) - len(best)
        chosen += best
    state.account.problems_kept = len({seen.problem_id for seen in chosen})
    return chosen


def _ordered(chosen: list[Seen], wrong: dict[str, float], settings: Settings) -> list[Seen]:
    places = {seen.place: i for i, seen in enumerate(chosen)}
    if settings.order == "random":
        return sorted(chosen, key=lambda s: digest_of([settings.seed, *s.place]))
    if settings.order == "source":
        return sorted(chosen, key=lambda s: s.place)
    sizes: dict[str, list[int]] = defaultdict(list)
    for seen in chosen:
        sizes[seen.problem_id].append(seen.size)
    order = difficulty_order(wrong, {p: float(np.mean(n)) for p, n in sizes.items()})
    rank = {p: i for i, p in enumerate(order)}
    return sorted(chosen, key=lambda s: (rank[s.problem_id], places[s.place]))
