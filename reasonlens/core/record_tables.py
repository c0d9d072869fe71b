"""Tables with what was observed of a trace: its text, its words, its labels, its grade, its steps."""

from __future__ import annotations

import pyarrow as pa

from reasonlens.core.table import Table, integers, labels, numbers, texts

__all__ = ["RECORD_TABLES"]

_TRACES = Table(
    "traces",
    pa.schema(
        [
            *texts("trace_id", "problem_id", "dataset", "model", "model_kind", "condition"),
            ("sample", pa.int32()),
            ("problem", pa.large_string()),
            ("prompt", pa.large_string()),
            ("reasoning", pa.large_string()),
            ("answer", pa.large_string()),
            ("response", pa.large_string()),
            *texts("gold"),
            ("correct_source", pa.bool_()),
            *texts("finish"),
            ("health", pa.list_(pa.string())),
            *texts("think_rule"),
            *integers("n_model_tokens"),
            *texts("decoding", "source"),
        ]
    ),
    ("trace_id",),
    "one model output",
)

_LENGTHS = Table(
    "lengths",
    pa.schema(
        [
            *texts("trace_id"),
            *labels("part"),
            *integers("n_chars", "n_words", "n_model_tokens"),
        ]
    ),
    ("trace_id", "part"),
    "the denominators of one trace",
)

_COUNTS = Table(
    "counts",
    pa.schema(
        [
            *texts("trace_id"),
            *labels("part", "lexicon", "category", "entry", "version", "digest"),
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
            *texts("trace_id"),
            *labels("part", "lexicon", "category", "entry"),
            *integers("start", "end"),
            *texts("surface"),
        ]
    ),
    ("trace_id", "part", "lexicon", "category", "start"),
    "one hit, with its place",
)

_LABELS = Table(
    "labels",
    pa.schema(
        [
            *texts("trace_id"),
            *labels("part", "unit"),
            *integers("unit_start", "unit_end"),
            *labels("behavior", "judge"),
            *integers("repeat"),
            *labels("version", "digest", "verdict"),
            *integers("count", "n_unverified"),
            (
                "quotes",
                pa.list_(
                    pa.struct(
                        [
                            ("start", pa.int64()),
                            ("end", pa.int64()),
                            ("surface", pa.string()),
                            ("found", pa.string()),
                        ]
                    )
                ),
            ),
            *texts("rationale", "problem"),
            *numbers("cost"),
        ]
    ),
    ("trace_id", "part", "unit_start", "unit_end", "behavior", "judge", "repeat"),
    "one behavior judged on one unit of a trace",
)

_GRADES = Table(
    "grades",
    pa.schema(
        [
            *texts("trace_id"),
            *labels("grader", "version"),
            *texts("extracted"),
            *labels("method", "verdict"),
            *texts("why"),
        ]
    ),
    ("trace_id", "grader"),
    "one trace graded",
)

_STEPS = Table(
    "steps",
    pa.schema(
        [
            *texts("trace_id"),
            *labels("part", "decomposer", "version", "digest"),
            *integers("step"),
            *labels("kind"),
            *texts("meta", "sub_problem", "answer"),
            *integers("start", "end"),
            *labels("status"),
        ]
    ),
    ("trace_id", "part", "decomposer", "step"),
    "one step of the reasoning of a trace; a decomposition that failed is one row of its own status",
)

_STRUCTURE = Table(
    "structure",
    pa.schema(
        [
            *texts("teacher_id", "student_id", "problem_id", "dataset"),
            *labels("decomposer", "matcher", "status"),
            *integers("n_teacher", "n_student", "n_matched", "exit_step"),
            *numbers("reward", "reward_normalized", "reward_aligned"),
        ]
    ),
    ("teacher_id", "student_id", "decomposer", "matcher"),
    "one student trace against one teacher trace of the same problem",
)

RECORD_TABLES = (_TRACES, _LENGTHS, _COUNTS, _MATCHES, _LABELS, _GRADES, _STEPS, _STRUCTURE)
