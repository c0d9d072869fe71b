"""The chosen traces as files: the rows in the wanted order, the report, the card."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.manifest import manifest
from reasonlens.core.study import Study, commit, write_file
from reasonlens.distill.account import Account, card
from reasonlens.distill.contamination import Benchmarks
from reasonlens.workflow.correctness import judged_by
from reasonlens.workflow.distill_rows import BATCH, COLUMNS, Seen, Settings, rows_of, texts_of

__all__ = ["write_about", "write_rows"]

_SCHEMA = pa.schema(
    [
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.large_string())]))),
        ("prompt", pa.large_string()),
        ("completion", pa.large_string()),
        *((name, pa.string()) for name in ("problem_id", "dataset")),
        ("problem", pa.large_string()),
        *((name, pa.string()) for name in ("gold", "teacher", "trace_id")),
        ("correct", pa.bool_()),
        ("difficulty", pa.float64()),
        ("n_tokens", pa.int64()),
    ]
)


def write_rows(
    study: Study,
    settings: Settings,
    ordered: list[Seen],
    wrong: dict[str, float],
    out: Path,
    account: Account,
    progress: Callable[[int], None],
) -> None:
    """Write the chosen rows, found in the order of the study, in the wanted order."""
    wanted = {seen.place: seen for seen in ordered}
    where: dict[tuple[str, int], int] = {}
    with tempfile.TemporaryFile(dir=out) as scratch:
        for part in study.parts("traces"):
            at = 0
            for frame in rows_of(study, part, COLUMNS):
                for i, row in enumerate(frame.to_dict("records")):
                    seen = wanted.get((part, at + i))
                    if seen:
                        where[seen.place] = scratch.tell()
                        scratch.write(orjson.dumps(_row(row, seen, wrong, settings, account)) + b"\n")
                at += len(frame)
                progress(len(frame))
        _copy(scratch, [where[seen.place] for seen in ordered], out)


def _row(
    row: dict[Any, Any], seen: Seen, wrong: dict[str, float], settings: Settings, account: Account
) -> dict[str, Any]:
    made = texts_of(row, settings)
    verdict = {1.0: "correct", 0.0: "incorrect"}.get(seen.correct, "of unknown verdict")
    account.kept += 1
    account.correct[verdict] += 1
    account.teachers[row["model"]] += 1
    account.datasets[row["dataset"] or "(unnamed)"] += 1
    account.lose_answer += seen.loses
    account.unfinished += bool(
        {"truncated", "looping"} & set(row["health"] if row["health"] is not None else ())
    )
    account.without_reasoning += not (row["reasoning"] or "").strip()
    account.without_answer += bool((row["reasoning"] or "").strip()) and not (row["answer"] or "").strip()
    if seen.n_tokens is not None:
        account.tokens.append(seen.n_tokens)
    return {
        "messages": list(made.messages),
        "prompt": made.prompt,
        "completion": made.completion,
        "problem_id": seen.problem_id,
        "dataset": row["dataset"],
        "problem": row["problem"],
        "gold": row["gold"],
        "teacher": row["model"],
        "trace_id": row["trace_id"],
        "correct": None if verdict.startswith("of") else verdict == "correct",
        "difficulty": wrong.get(seen.problem_id),
        "n_tokens": seen.n_tokens,
    }


def _copy(scratch: IO[bytes], places: list[int], out: Path) -> None:
    jsonl, parquet = out / ".train.jsonl.tmp", out / ".train.parquet.tmp"
    with jsonl.open("wb") as lines, pq.ParquetWriter(parquet, _SCHEMA, compression="zstd") as table:
        for start in range(0, len(places), BATCH):
            rows = []
            for place in places[start : start + BATCH]:
                scratch.seek(place)
                line = scratch.readline()
                lines.write(line)
                rows.append(orjson.loads(line))
            table.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
    commit(jsonl, out / "train.jsonl")
    commit(parquet, out / "train.parquet")


def write_about(
    study: Study, settings: Settings, benchmarks: Benchmarks | None, account: Account, out: Path
) -> None:
    about: dict[str, Any] = {
        "template": f"{settings.template.name} ({settings.template.digest})",
        "layout": settings.layout,
        "teachers": ", ".join(settings.teachers),
        "filter": "correct" if settings.only_correct else "none",
        "correctness": judged_by(study),
        "tokenizer": settings.tokenizer,
        "max_tokens": settings.max_tokens,
        "min_tokens": settings.min_tokens,
        "near_duplicates_from": settings.duplicate,
        "same_problems_from": settings.same_problem,
        "per_problem": settings.per_problem,
        "order": settings.order,
        "limit": settings.limit,
        "seed": settings.seed,
        "decontaminated_against": ", ".join(benchmarks.names) if benchmarks else "nothing",
        "decontamination_words": benchmarks.n if benchmarks else None,
    }
    whole = {**account.as_dict(), "settings": about, **manifest(command="distill prepare")}
    write_file(out / "report.json", json.dumps(whole, indent=2, ensure_ascii=False).encode() + b"\n")
    write_file(out / "README.md", card(account, about).encode())
