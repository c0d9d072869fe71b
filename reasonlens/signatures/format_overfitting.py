"""Format overfitting: the form of the answer no longer depends on the question.

A model that was trained on integer answers alone may give an integer whatever was asked, or an
empty box. Measured against the gold answers of the same problems, which the model should match.
"""

from __future__ import annotations

from collections.abc import Mapping

from reasonlens.signatures import Measure, Seen, Trace, excerpt
from reasonlens.text.answer_form import INTEGER, NONE, form
from reasonlens.text.answers import final_answer

TITLE = "Format overfitting"
MEASURES = (
    Measure(
        "excess_integers",
        "integer answers, minus integer golds of the same problems",
        0.05,
        kind="difference",
        unit="difference of shares",
    ),
    Measure("forced_integers", "integer answers where the gold is none", 0.2, unit="share of such responses"),
    Measure("empty_box", "responses whose last box is empty", 0.01),
)

_NO_GOLD, _NO_ANSWER = "no gold answer", "no marked final answer"


def look(trace: Trace, settled: float) -> Mapping[str, Seen]:
    """Quote the answer beside the gold one."""
    found = final_answer(trace.answer) or final_answer(trace.response)
    empty = found is not None and found.empty_box
    text = trace.answer if final_answer(trace.answer) else trace.response
    box = Seen(float(empty), quote=excerpt(text, found.end, end=True) if found and empty else "")
    answer, gold = form(found.text if found else None), form(trace.gold)
    why = _NO_GOLD if gold == NONE else _NO_ANSWER if answer == NONE else ""
    if why:
        return {
            "excess_integers": Seen(0, 0, why=why),
            "forced_integers": Seen(0, 0, why=why),
            "empty_box": box,
        }
    forced = answer == INTEGER and gold != INTEGER
    quote = f"{excerpt(found.text if found else '')} (gold: {excerpt(trace.gold or '')})" if forced else ""
    difference = Seen(float(answer == INTEGER), y=float(gold == INTEGER), quote=quote)
    other = (
        Seen(0, 0, why="the gold answer is an integer")
        if gold == INTEGER
        else Seen(float(forced), quote=quote)
    )
    return {"excess_integers": difference, "forced_integers": other, "empty_box": box}
