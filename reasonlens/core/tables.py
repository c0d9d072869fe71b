"""One schema per table. Stages know these columns, not each other.

Text offsets are half-open and count Python characters of the column that ``part`` names.
"""

from __future__ import annotations

from reasonlens.core.errors import UnknownNameError
from reasonlens.core.record_tables import RECORD_TABLES
from reasonlens.core.result_tables import RESULT_TABLES
from reasonlens.core.table import Table

__all__ = [
    "GRADE_VERDICTS",
    "HEALTH",
    "LABEL_VERDICTS",
    "MODEL_KINDS",
    "PARTS",
    "POOLED",
    "TABLES",
    "Table",
    "table",
]

MODEL_KINDS = ("base", "zero_rl", "rl_instruct", "instruct", "distilled", "teacher", "other")
"""How a model came to be. ``rl_instruct`` is RL from an instruct model, without distillation."""

HEALTH = ("truncated", "empty", "no_reasoning", "looping")
"""Flags that a trace may carry; a trace with none is ``ok``."""

POOLED = "(all)"
"""Stands in a column ``dataset`` for all data sets together."""

PARTS = ("response", "reasoning", "answer")
"""The text columns of a trace that can be analysed."""

LABEL_VERDICTS = ("present", "absent", "unclear", "unparsed", "refused", "failed")
"""What became of one question to a judge; only the first two are answers."""

GRADE_VERDICTS = ("correct", "incorrect", "no_answer", "truncated", "ungradable", "no_gold")
"""What became of grading one trace; only the first two compare an answer with the gold."""

TABLES = {t.name: t for t in (*RECORD_TABLES, *RESULT_TABLES)}
"""Every table of a study by name."""


def table(name: str) -> Table:
    """Return the table called `name`.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    try:
        return TABLES[name]
    except KeyError:
        raise UnknownNameError("table", name, TABLES) from None
