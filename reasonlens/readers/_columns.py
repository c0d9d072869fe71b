"""Which columns of an unknown table hold what, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reasonlens.core.errors import InputError, UnknownNameError

__all__ = ["FIELDS", "Plan", "plan"]

_TABLE = """
response: response responses output outputs completion completions generation generations generated_text
    model_output model_answer model_response full_model_response llm_response raw_output raw_response
    answer_text generated model_outputs model_responses predicted_text resps text prediction
reasoning: reasoning reasoning_content reasoning_text thinking thinking_text thought thoughts cot
    chain_of_thought thinking_trajectory reasoning_trace think rationale
problem: problem question query instruction quiz input problem_text question_text
prompt: prompt prompts full_prompt formatted_prompt messages prompt_text
gold: gold gold_answer ground_truth groundtruth gt reference_answer correct_answer expected_answer target
    answer reference label solution_text solution
correct: correct is_correct iscorrect correctness eval_result acc score passed
model: model model_name model_id model_path engine
model_kind: model_kind kind
dataset: benchmark dataset data_source dataset_name task task_name source_dataset
problem_id: problem_id question_id unique_id problem_idx id uid doc_id example_id idx index custom_id
sample: sample sample_idx sample_index sample_id epoch run repeat seed
finish: finish finish_reason finish_reasons stop_reason
n_model_tokens: n_model_tokens n_tokens num_tokens completion_tokens output_tokens num_output_tokens
    n_output_tokens token_count
condition: condition
"""
_LINE = re.compile(r"^(\w+):((?:.|\n )*)", re.MULTILINE)
_VISIBLE = ("content", "answer", "final_answer", "model_answer", "solution")

NAMES = {field: tuple(names.split()) for field, names in _LINE.findall(_TABLE)}
"""Column names by field, the best first. ``answer`` is the gold answer beside a response."""

FIELDS = tuple(NAMES)
"""The fields that ``--map`` takes; ``answer`` stands for ``response`` beside ``reasoning``."""

_NAMED_BY_MODEL = re.compile(r"(.+) \((?:question|insufficient_question|response|answer)\)")
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Plan:
    """Columns by field; of several columns the first with a usable value counts.

    ``model`` is a model's name that stands in the name of the response column.
    """

    columns: Mapping[str, tuple[str, ...]]
    model: str | None = None

    def __str__(self) -> str:
        named = [f"{field} <- {columns[0]}" for field, columns in self.columns.items() if columns]
        return "columns: " + ", ".join(named)

    def has_text(self) -> bool:
        """Tell whether there is anything to read."""
        return bool(self.columns.get("response") or self.columns.get("reasoning"))


def _plain(name: str) -> str:
    return _NOT_LETTERS.sub("_", name.lower()).strip("_")


def plan(columns: Iterable[str], mapped: Mapping[str, str]) -> Plan:
    """Assign columns to fields.

    Parameters
    ----------
    columns
        The columns of the file.
    mapped
        Field to column as the user said it; those fields are not guessed.

    Raises
    ------
    UnknownNameError
        If there is no such field.
    InputError
        If ``answer`` and ``response`` are both mapped, or ``answer`` alone.
    """
    wanted = _check_mapped(mapped)
    known = list(dict.fromkeys(columns))
    by_plain = {_plain(name): name for name in reversed(known)}
    taken = set(wanted.values())
    found: dict[str, tuple[str, ...]] = {}
    model = None
    for field, names in NAMES.items():
        if field in wanted:
            found[field] = (wanted[field],)
            continue
        named = tuple(by_plain[name] for name in names if name in by_plain and by_plain[name] not in taken)
        if field == "response":
            special = [name for name in known if _NAMED_BY_MODEL.fullmatch(name) and name not in taken]
            if special and not named:
                model = _model_in(special[0])
            named = named or tuple(special[:1])
        found[field] = named
        if field in ("response", "reasoning"):
            taken.update(named)
    if found["reasoning"] and not found["response"]:
        visible = (by_plain[name] for name in _VISIBLE if name in by_plain and by_plain[name] not in taken)
        found["response"] = tuple(visible)[:1]
        found["gold"] = tuple(name for name in found["gold"] if name not in found["response"])
    return Plan({field: names for field, names in found.items() if names}, model)


def _model_in(name: str) -> str | None:
    match = _NAMED_BY_MODEL.fullmatch(name)
    return match[1] if match else None


def _check_mapped(mapped: Mapping[str, str]) -> dict[str, str]:
    wanted = dict(mapped)
    for field in wanted:
        if field not in (*FIELDS, "answer"):
            raise UnknownNameError("field", field, (*FIELDS, "answer"))
    if "answer" in wanted:
        if "response" in wanted or "reasoning" not in wanted:
            raise InputError(
                "--map answer=COLUMN is the text after the reasoning and goes with --map reasoning=COLUMN; "
                "for a column with the whole output write --map response=COLUMN"
            )
        wanted["response"] = wanted.pop("answer")
    return wanted
