"""One schema per table. Stages know these columns, not each other.

Text offsets are half-open and count Python characters of the column that ``part`` names.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from reasonlens.core.errors import SchemaError, UnknownNameError

__all__ = ["HEALTH", "MODEL_KINDS", "PARTS", "POOLED", "TABLES", "Table", "table"]

MODEL_KINDS = ("base", "zero_rl", "rl_instruct", "instruct", "distilled", "teacher", "other")
"""How a model came to be. ``rl_instruct`` is RL from an instruct model, without distillation."""

HEALTH = ("truncated", "empty", "no_reasoning", "looping")
"""Flags that a trace may carry; a trace with none is ``ok``."""

POOLED = "(all)"
"""Stands in a column ``dataset`` for all data sets together."""

PARTS = ("response", "reasoning", "answer")
"""The text columns of a trace that can be analysed."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a study: its name, columns and key."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    doc: str

    def conform(self, data: pa.Table) -> pa.Table:
        """Return `data` with exactly this table's columns, in order and type.

        Raises
        ------
        SchemaError
            If a column is missing or cannot be cast.
        """
        missing = [name for name in self.schema.names if name not in data.column_names]
        if missing:
            raise SchemaError(f"table {self.name!r} lacks the columns {', '.join(missing)}")
        try:
            return data.select(self.schema.names).cast(self.schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SchemaError(f"table {self.name!r} has a column of another type: {error}") from error


def _dictionary() -> pa.DataType:
    return pa.dictionary(pa.int32(), pa.string())


_TRACES = Table(
    "traces",
    pa.schema(
        [
            ("trace_id", pa.string()),
            ("problem_id", pa.string()),
            ("dataset", pa.string()),
            ("model", pa.string()),
            ("model_kind", pa.string()),
            ("condition", pa.string()),
            ("sample", pa.int32()),
            ("problem", pa.large_string()),
            ("prompt", pa.large_string()),
            ("reasoning", pa.large_string()),
            ("answer", pa.large_string()),
            ("response", pa.large_string()),
            ("gold", pa.string()),
            ("correct_source", pa.bool_()),
            ("finish", pa.string()),
            ("health", pa.list_(pa.string())),
            ("think_rule", pa.string()),
            ("n_model_tokens", pa.int64()),
            ("decoding", pa.string()),
            ("source", pa.string()),
        ]
    ),
    ("trace_id",),
    "one model output",
)

_LENGTHS = Table(
    "lengths",
    pa.schema(
        [
            ("trace_id", pa.string()),
            ("part", _dictionary()),
            ("n_chars", pa.int64()),
            ("n_words", pa.int64()),
            ("n_model_tokens", pa.int64()),
        ]
    ),
    ("trace_id", "part"),
    "the denominators of one trace",
)

_COUNTS = Table(
    "counts",
    pa.schema(
        [
            ("trace_id", pa.string()),
            ("part", _dictionary()),
            ("lexicon", _dictionary()),
            ("category", _dictionary()),
            ("entry", _dictionary()),
            ("version", _dictionary()),
            ("digest", _dictionary()),
            ("n", pa.int32()),
        ]
    ),
    ("trace_id", "part", "lexicon", "category", "entry"),
    "one lexicon entry in one trace, where it occurs",
)

_MATCHES = Table(
    "matches",
    pa.schema(
        [
            ("trace_id", pa.string()),
            ("part", _dictionary()),
            ("lexicon", _dictionary()),
            ("category", _dictionary()),
            ("entry", _dictionary()),
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("surface", pa.string()),
        ]
    ),
    ("trace_id", "part", "lexicon", "category", "start"),
    "one hit, with its place",
)

_ESTIMATES = Table(
    "estimates",
    pa.schema(
        [
            ("measure", pa.string()),
            ("group", pa.string()),
            ("contrast", pa.string()),
            ("dataset", pa.string()),
            ("value", pa.float64()),
            ("low", pa.float64()),
            ("high", pa.float64()),
            ("level", pa.float64()),
            ("unit", pa.string()),
            ("method", pa.string()),
            ("estimand", pa.string()),
            ("n_problems", pa.int64()),
            ("n_traces", pa.int64()),
            ("p_value", pa.float64()),
            ("p_adjusted", pa.float64()),
            ("family", pa.string()),
            ("seed", pa.int64()),
            ("excluded", pa.int64()),
            ("excluded_why", pa.string()),
            ("n_looping", pa.int64()),
        ]
    ),
    ("measure", "group", "contrast", "dataset"),
    "one number with its uncertainty",
)

_COMPARISONS = Table(
    "comparisons",
    pa.schema(
        [
            ("measure", pa.string()),
            ("quantity", pa.string()),
            ("by", pa.string()),
            ("group", pa.string()),
            ("reference", pa.string()),
            ("dataset", pa.string()),
            ("adjusted", pa.string()),
            ("without", pa.string()),
            ("value", pa.float64()),
            ("low", pa.float64()),
            ("high", pa.float64()),
            ("level", pa.float64()),
            ("unit", pa.string()),
            ("method", pa.string()),
            ("estimand", pa.string()),
            ("n_problems", pa.int64()),
            ("n_traces", pa.int64()),
            ("p_value", pa.float64()),
            ("p_adjusted", pa.float64()),
            ("family", pa.string()),
            ("seed", pa.int64()),
            ("excluded", pa.int64()),
            ("excluded_why", pa.string()),
        ]
    ),
    ("measure", "quantity", "by", "group", "reference", "dataset", "adjusted", "without"),
    "one measure of a group, or its ratio or difference to a reference group",
)

_ASSOCIATIONS = Table(
    "associations",
    pa.schema(
        [
            ("measure", pa.string()),
            ("outcome", pa.string()),
            ("scope", pa.string()),
            ("quantity", pa.string()),
            ("by", pa.string()),
            ("group", pa.string()),
            ("dataset", pa.string()),
            ("adjusted", pa.string()),
            ("without", pa.string()),
            ("value", pa.float64()),
            ("low", pa.float64()),
            ("high", pa.float64()),
            ("level", pa.float64()),
            ("unit", pa.string()),
            ("method", pa.string()),
            ("estimand", pa.string()),
            ("n_problems", pa.int64()),
            ("n_traces", pa.int64()),
            ("n_models", pa.int64()),
            ("p_value", pa.float64()),
            ("p_adjusted", pa.float64()),
            ("family", pa.string()),
            ("seed", pa.int64()),
            ("excluded", pa.int64()),
            ("excluded_why", pa.string()),
        ]
    ),
    ("measure", "outcome", "scope", "quantity", "by", "group", "dataset", "adjusted", "without"),
    "how a measure goes with being right, within problems or across models",
)

_POSITIONS = Table(
    "positions",
    pa.schema(
        [
            *((name, pa.string()) for name in ("lexicon", "category", "part", "dataset", "group", "without")),
            ("scale", pa.string()),
            ("bin", pa.int64()),
            ("start", pa.float64()),
            ("end", pa.float64()),
            ("value", pa.float64()),
            ("low", pa.float64()),
            ("high", pa.float64()),
            ("level", pa.float64()),
            ("unit", pa.string()),
            ("method", pa.string()),
            ("estimand", pa.string()),
            ("n_problems", pa.int64()),
            ("n_traces", pa.int64()),
            ("hits", pa.int64()),
            ("words", pa.int64()),
            ("excluded", pa.int64()),
            ("excluded_why", pa.string()),
            ("n_looping", pa.int64()),
        ]
    ),
    ("lexicon", "category", "part", "dataset", "group", "without", "scale", "bin"),
    "the rate of a category in one stretch of the responses",
)

_FIRST_MARKER = Table(
    "first_marker",
    pa.schema(
        [
            *((name, pa.string()) for name in ("lexicon", "category", "part", "dataset", "group", "without")),
            ("words", pa.int64()),
            ("survival", pa.float64()),
            ("low", pa.float64()),
            ("high", pa.float64()),
            ("level", pa.float64()),
            ("at_risk", pa.int64()),
            ("n_events", pa.int64()),
            ("method", pa.string()),
            ("estimand", pa.string()),
            ("n_problems", pa.int64()),
            ("n_traces", pa.int64()),
            ("seed", pa.int64()),
            ("excluded", pa.int64()),
            ("excluded_why", pa.string()),
            ("n_looping", pa.int64()),
        ]
    ),
    ("lexicon", "category", "part", "dataset", "group", "without", "words"),
    "the share of responses without a first marker by then, had they gone on",
)

_DIAGNOSES = Table(
    "diagnoses",
    pa.schema(
        [
            *((name, pa.string()) for name in ("signature", "measure", "model_kind", "model", "condition")),
            *((name, pa.string()) for name in ("dataset", "without", "verdict", "why")),
            *((name, pa.float64()) for name in ("value", "low", "high", "level", "threshold")),
            *((name, pa.string()) for name in ("side", "unit", "method", "estimand")),
            *((name, pa.int64()) for name in ("n_problems", "n_traces")),
            *((name, pa.float64()) for name in ("p_value", "p_adjusted")),
            ("family", pa.string()),
            ("seed", pa.int64()),
            ("excluded", pa.int64()),
            ("excluded_why", pa.string()),
            ("evidence", pa.list_(pa.struct([("trace_id", pa.string()), ("quote", pa.string())]))),
        ]
    ),
    ("signature", "measure", "model_kind", "model", "condition", "dataset", "without"),
    "one failure signature of one model, with verdict and evidence",
)

_KEYNESS = Table(
    "keyness",
    pa.schema(
        [
            *((name, pa.string()) for name in ("contrast", "group_a", "group_b", "dataset", "part")),
            *((name, pa.string()) for name in ("kind", "term")),
            ("size", pa.int64()),
            ("ranked_by", pa.string()),
            ("rank", pa.float64()),
            *((name, pa.string()) for name in ("within", "lexicon", "category", "entry")),
            *((name, pa.int64()) for name in ("hits_a", "hits_b")),
            *((name, pa.float64()) for name in ("rate_a", "rate_b")),
            ("unit", pa.string()),
            *((name, pa.float64()) for name in ("percent_difference", "log2_ratio", "log_odds_z", "g2")),
            *((name, pa.float64()) for name in ("dp", "dp_a", "dp_b")),
            *((name, pa.int64()) for name in ("problems_a", "problems_b", "traces_a", "traces_b")),
            *((name, pa.float64()) for name in ("p_value", "p_adjusted")),
            *((name, pa.string()) for name in ("family", "method", "estimand")),
            *((name, pa.int64()) for name in ("n_problems", "n_traces", "seed", "excluded")),
            ("excluded_why", pa.string()),
            ("n_looping", pa.int64()),
            *((f"log2_ratio_without_{flag}", pa.float64()) for flag in ("looping", "truncated")),
        ]
    ),
    ("contrast", "part", "dataset", "kind", "term"),
    "a word, phrase or sentence opener of two groups, found in their traces",
)

TABLES = {
    t.name: t
    for t in (
        _TRACES,
        _LENGTHS,
        _COUNTS,
        _MATCHES,
        _ESTIMATES,
        _COMPARISONS,
        _ASSOCIATIONS,
        _POSITIONS,
        _FIRST_MARKER,
        _DIAGNOSES,
        _KEYNESS,
    )
}
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
