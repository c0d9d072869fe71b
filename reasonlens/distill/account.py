"""What went in, what each filter dropped and why, and the card that says so beside the data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FILTERS", "Account", "card"]

FILTERS = {
    "no_problem": "no statement of the problem",
    "empty": "no response",
    "failed_call": "the message of a server that failed, not a response",
    "incorrect": "wrong answer, or none (--filter correct)",
    "unknown": "nobody said whether it is right (--filter correct)",
    "contaminated": "the problem stands in a benchmark",
    "too_long": "more tokens than --max-tokens: would lose the answer",
    "too_short": "fewer tokens than --min-tokens",
    "same_problem": "the problem resembles another one",
    "near_duplicate": "resembles another trace of the problem",
    "not_chosen": "less different than the chosen traces of the problem (--per-problem)",
    "not_drawn": "the problem is not among the --limit problems",
}

_FRONT = """---
configs:
- config_name: default
  data_files: train.parquet
task_categories: [text-generation]
---
"""
_COLUMNS = (
    "Columns: `messages` (the turns), `prompt` and `completion` (the same as the model reads them; the "
    "prompt is empty where the template is that of the model's own tokenizer), `problem_id`, `dataset`, "
    "`problem`, `gold`, `teacher`, `trace_id`, `correct` (null: unknown), `difficulty` (share of wrong "
    "answers among all graded traces of the problem), `n_tokens`."
)
_RIGHTS = "The licenses of the problems and of the teachers' outputs are those of their sources.\n"


@dataclass(slots=True)
class Account:
    """Counts of one run; traces in = traces kept + all dropped."""

    traces: int = 0
    kept: int = 0
    problems_in: int = 0
    problems_kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    correct: Counter[str] = field(default_factory=Counter)
    teachers: Counter[str] = field(default_factory=Counter)
    datasets: Counter[str] = field(default_factory=Counter)
    lose_answer: int = 0
    unfinished: int = 0
    without_reasoning: int = 0
    without_answer: int = 0
    tokens: list[int] = field(default_factory=list)
    contaminated: list[dict[str, str]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the account for ``report.json``."""
        return {
            "traces_in": self.traces,
            "traces_kept": self.kept,
            "problems_in": self.problems_in,
            "problems_kept": self.problems_kept,
            "dropped": {name: self.dropped[name] for name in FILTERS if self.dropped[name]},
            "kept_by_verdict": dict(self.correct),
            "kept_by_teacher": dict(self.teachers),
            "kept_by_dataset": dict(self.datasets),
            "kept_that_would_lose_their_answer": self.lose_answer,
            "kept_truncated_or_looping": self.unfinished,
            "kept_without_reasoning": self.without_reasoning,
            "kept_without_text_after_the_reasoning": self.without_answer,
            "tokens": quartiles(self.tokens),
            "contaminated_problems": self.contaminated,
        }


def quartiles(values: list[int]) -> dict[str, int] | None:
    """Return least, quartiles and greatest of some counts (the lower one of two), or ``None`` without any."""
    if not values:
        return None
    ordered = sorted(values)
    names = ("min", "q25", "median", "q75", "max")
    places = (i * (len(ordered) - 1) // 4 for i in range(5))
    return {**{n: ordered[p] for n, p in zip(names, places, strict=True)}, "sum": sum(ordered)}


def card(account: Account, about: dict[str, Any]) -> str:
    """Return the text of the dataset card."""
    dropped = [
        f"| {FILTERS[name]} | {account.dropped[name]:,} |" for name in FILTERS if account.dropped[name]
    ]
    made = (
        f"{account.kept:,} traces on {account.problems_kept:,} problems, written by `reasonlens distill "
        f"prepare`. Teachers: {_listed(account.teachers)}. Sources of problems: {_listed(account.datasets)}."
    )
    kept = (
        f"Of the kept traces: {_listed(account.correct)}; {account.unfinished:,} are cut off or loop, "
        f"{account.without_reasoning:,} have no marked reasoning, {account.without_answer:,} nothing after "
        f"it, {account.lose_answer:,} would lose their answer at the limit of tokens."
    )
    table = ["| Step | Traces |", "|---|---|", f"| read | {account.traces:,} |", *dropped]
    table.append(f"| **kept** | **{account.kept:,}** |")
    settings = ["## Settings", "", *(f"- {name}: `{value}`" for name, value in about.items())]
    lines = [
        _FRONT,
        "# Distillation set",
        "",
        made,
        "",
        *table,
        "",
        kept,
        "",
        _COLUMNS,
        "",
        *settings,
        "",
        _RIGHTS,
    ]
    return "\n".join(lines)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.most_common()) or "none"
