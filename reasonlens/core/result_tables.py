"""Tables with what statistics made of the records: numbers with their uncertainty."""

from __future__ import annotations

import pyarrow as pa

from reasonlens.core.table import Table, integers, numbers, texts

__all__ = ["RESULT_TABLES"]

_INTERVAL = numbers("value", "low", "high", "level")
_HOW = texts("unit", "method", "estimand")
_TEST = [
    *numbers("p_value", "p_adjusted"),
    *texts("family"),
    *integers("seed", "excluded"),
    *texts("excluded_why"),
]

_ESTIMATES = Table(
    "estimates",
    pa.schema(
        [
            *texts("measure", "group", "contrast", "dataset"),
            *_INTERVAL,
            *_HOW,
            *integers("n_problems", "n_traces"),
            *_TEST,
            *integers("n_looping"),
        ]
    ),
    ("measure", "group", "contrast", "dataset"),
    "one number with its uncertainty",
)

_COMPARISONS = Table(
    "comparisons",
    pa.schema(
        [
            *texts("measure", "quantity", "by", "group", "reference", "dataset", "adjusted", "without"),
            *_INTERVAL,
            *_HOW,
            *integers("n_problems", "n_traces"),
            *_TEST,
        ]
    ),
    ("measure", "quantity", "by", "group", "reference", "dataset", "adjusted", "without"),
    "one measure of a group, or its ratio or difference to a reference group",
)

_ASSOCIATIONS = Table(
    "associations",
    pa.schema(
        [
            *texts(
                "measure", "outcome", "scope", "quantity", "by", "group", "dataset", "adjusted", "without"
            ),
            *_INTERVAL,
            *_HOW,
            *integers("n_problems", "n_traces", "n_models"),
            *_TEST,
        ]
    ),
    ("measure", "outcome", "scope", "quantity", "by", "group", "dataset", "adjusted", "without"),
    "how a measure goes with being right, within problems or across models",
)

_POSITIONS = Table(
    "positions",
    pa.schema(
        [
            *texts("lexicon", "category", "part", "dataset", "group", "without", "scale"),
            *integers("bin"),
            *numbers("start", "end", "value", "low", "high", "level"),
            *texts("unit", "method", "estimand"),
            *integers("n_problems", "n_traces", "hits", "words", "excluded"),
            *texts("excluded_why"),
            *integers("n_looping"),
        ]
    ),
    ("lexicon", "category", "part", "dataset", "group", "without", "scale", "bin"),
    "the rate of a category in one stretch of the responses",
)

_FIRST_MARKER = Table(
    "first_marker",
    pa.schema(
        [
            *texts("lexicon", "category", "part", "dataset", "group", "without"),
            *integers("words"),
            *numbers("survival", "low", "high", "level"),
            *integers("at_risk", "n_events"),
            *texts("method", "estimand"),
            *integers("n_problems", "n_traces", "seed", "excluded"),
            *texts("excluded_why"),
            *integers("n_looping"),
        ]
    ),
    ("lexicon", "category", "part", "dataset", "group", "without", "words"),
    "the share of responses without a first marker by then, had they gone on",
)

_DIAGNOSES = Table(
    "diagnoses",
    pa.schema(
        [
            *texts(
                "signature",
                "measure",
                "model_kind",
                "model",
                "condition",
                "dataset",
                "without",
                "verdict",
                "why",
            ),
            *numbers("value", "low", "high", "level", "threshold"),
            *texts("side", "unit", "method", "estimand"),
            *integers("n_problems", "n_traces"),
            *numbers("p_value", "p_adjusted"),
            *texts("family"),
            *integers("seed", "excluded"),
            *texts("excluded_why"),
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
            *texts("contrast", "group_a", "group_b", "dataset", "part", "kind", "term"),
            *integers("size"),
            *texts("ranked_by"),
            *numbers("rank"),
            *texts("within", "lexicon", "category", "entry"),
            *integers("hits_a", "hits_b"),
            *numbers("rate_a", "rate_b"),
            *texts("unit"),
            *numbers(
                "percent_difference",
                "log2_ratio",
                "log2_ratio_low",
                "log2_ratio_high",
                "log_odds_z",
                "g2",
                "dp",
                "dp_a",
                "dp_b",
            ),
            *integers("problems_a", "problems_b", "traces_a", "traces_b"),
            *numbers("p_value", "p_adjusted"),
            *texts("family", "method", "estimand"),
            *integers("n_problems", "n_traces", "seed", "excluded"),
            *texts("excluded_why"),
            *integers("n_looping"),
            *((f"log2_ratio_without_{flag}", pa.float64()) for flag in ("looping", "truncated")),
        ]
    ),
    ("contrast", "part", "dataset", "kind", "term"),
    "a word, phrase or sentence opener of two groups, found in their traces",
)

_AGREEMENT = Table(
    "agreement",
    pa.schema(
        [
            *texts("judge", "against", "behavior", "unit", "by", "group", "reference", "quantity"),
            *_INTERVAL,
            *numbers("p_value"),
            *texts("method"),
            *integers("n_problems", "n_units", "both", "only_judge", "only_against", "neither", "unanswered"),
        ]
    ),
    ("judge", "against", "behavior", "unit", "by", "group", "reference", "quantity"),
    "how far two judges agree on a behavior, or how the errors of one differ between groups",
)

_EFFECTS = Table(
    "effects",
    pa.schema(
        [
            *texts("model", "measure", "arm", "role", "dataset"),
            ("words", pa.list_(pa.string())),
            *numbers("baseline"),
            *_INTERVAL,
            *_HOW,
            *integers("n_problems", "n_traces"),
            *_TEST,
        ]
    ),
    ("model", "measure", "arm", "dataset"),
    "what an arm of an experiment with banned words does to a measure, against the baseline",
)

_FLIPS = Table(
    "flips",
    pa.schema(
        [
            *texts("model", "arm", "role", "problem_id"),
            *integers("n_pairs"),
            *numbers("baseline"),
            *integers("right_to_wrong", "wrong_to_right"),
            *numbers("p_value"),
            *integers("excluded"),
            *texts("excluded_why"),
        ]
    ),
    ("model", "arm", "problem_id"),
    "answers to one problem, or all of them, that an arm of an experiment with banned words turns",
)

_STRUCTURE_RATES = Table(
    "structure_rates",
    pa.schema(
        [
            *texts("quantity", "decomposer", "matcher", "teacher", "group", "reference", "dataset"),
            *texts("kind", "following"),
            *integers("at"),
            *_INTERVAL,
            *_HOW,
            *integers("n_problems", "n_traces"),
            *_TEST,
        ]
    ),
    (
        *("quantity", "decomposer", "matcher", "teacher", "group", "reference", "dataset"),
        *("kind", "following", "at"),
    ),
    "one number about steps: of a model, of a student against a teacher, or at one depth (`at`)",
)

RESULT_TABLES = (
    _ESTIMATES,
    _COMPARISONS,
    _ASSOCIATIONS,
    _POSITIONS,
    _FIRST_MARKER,
    _DIAGNOSES,
    _KEYNESS,
    _AGREEMENT,
    _EFFECTS,
    _FLIPS,
    _STRUCTURE_RATES,
)
