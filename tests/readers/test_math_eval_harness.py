"""Tool-integrated rows, and how they are told from plain ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.readers.reading import JSON, objects, read_all, read_file, sniff

REASON = "has the columns code, pred and gt of math-evaluation-harness, and its outputs are programs"
PROGRAM = "```python\nprint(2)\n```\n```output\n2\n```\nIt is $\\boxed{2}$."
ROW = {"idx": 0, "question": "1+1?", "gt": "2", "code": [PROGRAM], "pred": ["2"], "score": [True]}
PLAIN = {**ROW, "code": ["It is 2. We can check:\n" + PROGRAM]}


def test_real_file(shared_data: Path) -> None:
    path = shared_data / "formats/math_evaluation_harness/tora_tool_integrated_minerva_math.jsonl"
    found, records, skipped = read_file(path)
    assert (found.format, found.reason) == ("math_eval_harness", REASON)
    assert len(records) == 500
    assert skipped == {}
    assert Counter(r.correct for r in records) == {False: 299, True: 201}
    assert sum("```output" in (r.response or "") for r in records) == 498
    assert {r.dataset for r in records} == {"minerva_math"}


def test_the_outputs_decide_without_a_telling_name() -> None:
    assert sniff("math_eval_harness", [ROW, ROW]) == REASON
    assert sniff("qwen_math", [ROW, ROW]) is None
    assert sniff("math_eval_harness", [ROW, PLAIN]) is None
    assert sniff("qwen_math", [ROW, PLAIN]) is not None


def test_the_prompt_type_in_the_name_goes_before_the_outputs() -> None:
    tora, cot = (f"out/math/test_{kind}_-1_seed0_t0.0_s0_e-1.jsonl" for kind in ("tora", "cot"))
    assert sniff("math_eval_harness", [PLAIN], path=tora) == REASON
    assert sniff("qwen_math", [PLAIN], path=tora) is None
    assert sniff("math_eval_harness", [ROW], path=cot) is None
    assert sniff("qwen_math", [ROW], path=cot) is not None


def test_settings_come_from_the_name() -> None:
    records, _ = read_all("math_eval_harness", [ROW], "out/gsm8k/test_tora_-1_seed1_t0.7_s0_e-1.jsonl")
    assert (records[0].dataset, records[0].decoding) == ("gsm8k", {"temperature": 0.7, "seed": 1})


@given(
    st.lists(
        objects("code", "pred", "gt", values=JSON | st.lists(st.text(max_size=9))), min_size=1, max_size=3
    )
)
def test_never_both_flavors(data: list[object]) -> None:
    answers = [sniff(name, data) for name in ("qwen_math", "math_eval_harness")]
    assert None in answers
    read_all("math_eval_harness", data)
