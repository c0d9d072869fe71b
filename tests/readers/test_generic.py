from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped, generic
from reasonlens.readers._account import Account
from reasonlens.readers._columns import FIELDS, NAMES, plan
from reasonlens.readers._detect import detect
from reasonlens.readers._units import read_unit, units
from reasonlens.readers._values import at, chat_text, content_text, last_user, number, statement, text, truth


def _read(*rows: dict[str, Any], **fields: str) -> list[Record | Skipped]:
    items = [Row(f"line {n}", data) for n, data in enumerate(rows, start=1)]
    return list(generic.read(items, Context(Path("a.jsonl"), fields)))


def _one(data: dict[str, Any], **fields: str) -> Record:
    (record,) = _read(data, **fields)
    assert isinstance(record, Record)
    return record


@pytest.mark.parametrize("name", NAMES["response"])
def test_every_response_name(name: str) -> None:
    assert _one({name: "Hm."}).response == "Hm."
    assert _one({name.upper().replace("_", " "): "Hm."}).response == "Hm."


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_can_be_mapped_even_into_nested_objects(field: str) -> None:
    value: Any = {"correct": True, "sample": 3, "n_model_tokens": 3}.get(field, "value")
    record = _one({"response": "Hm.", "deep": {"x": [{"y": value}]}}, **{field: "deep.x.0.y"})
    assert getattr(record, field) == value


def test_answer_is_gold_beside_a_response_and_the_output_beside_reasoning() -> None:
    beside = _one({"response": "It is 4.", "answer": 4})
    assert (beside.response, beside.gold) == ("It is 4.", "4")
    apart = _one({"reasoning": "2 and 2", "answer": "It is 4.", "gold": "4"})
    assert (apart.reasoning, apart.response, apart.gold) == ("2 and 2", "It is 4.", "4")
    flat = _one({"reasoning_content": "2 and 2", "content": "It is 4.", "answer": "4"})
    assert (flat.reasoning, flat.response, flat.gold) == ("2 and 2", "It is 4.", "4")


def test_the_model_in_the_name_of_the_column() -> None:
    record = _one({"deepseek-reasoner (question)": "Hm.", "question": "?"})
    assert (record.response, record.model, record.problem) == ("Hm.", "deepseek-reasoner", "?")


def test_a_list_of_outputs_is_several_samples_with_parallel_lists() -> None:
    row = {
        "problem": "2 + 2?",
        "responses": ["4", "5"],
        "correct": [True, False],
        "finish_reason": ["stop", "length"],
        "gold": ["4", "four"],
        "reasoning": ["two", "three"],
        "completion_tokens": 7,
    }
    one, two = (record for record in _read(row) if isinstance(record, Record))
    assert (one.sample, one.response, one.correct, one.finish, one.reasoning) == (0, "4", True, "stop", "two")
    assert (two.sample, two.response, two.correct, two.finish, two.reasoning) == (
        1,
        "5",
        False,
        "length",
        "three",
    )
    assert one.gold == '["4", "four"]'


def test_lists_of_another_length_belong_to_no_output() -> None:
    one, two = (r for r in _read({"responses": ["4", "5"], "correct": [True]}) if isinstance(r, Record))
    assert (one.correct, two.correct) == (None, None)


def test_skips_say_what_is_wrong() -> None:
    found = _read(
        {"response": None},
        {"response": 7},
        {"response": {"a": 1}},
        {"responses": []},
        {"other": 1},
        {"responses": ["a", 2]},
    )
    assert [item.reason for item in found if isinstance(item, Skipped)] == [
        "no response (column 'response' is missing or null)",
        "the response is no text but int (column 'response')",
        "the response is no text but dict (column 'response')",
        "no response (an empty list)",
        "no response: no column is recognized as one",
        "the response is no text but int (column 'responses')",
    ]


def test_an_empty_response_is_kept() -> None:
    assert _one({"response": "", "text": "other"}).response == ""


def test_a_null_response_does_not_give_way_to_another_column() -> None:
    (skipped,) = _read({"response": None, "prediction": "4"})
    assert isinstance(skipped, Skipped)


def test_prompt_messages_give_prompt_and_problem() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": "What is 2 + 2?\nPlease reason step by step, and put your final answer in a box.",
        },
    ]
    record = _one({"prompt": messages, "response": "4"})
    assert record.problem == "What is 2 + 2?"
    assert record.prompt is not None
    assert record.prompt.startswith("Be brief.\n\nWhat is 2 + 2?")


def test_decoding_settings_are_kept() -> None:
    assert _one({"response": "x", "temperature": 0.6, "top_p": None}).decoding == {"temperature": 0.6}


def _sniff(*rows: Any, container: str = "jsonl", **fields: str) -> str | Refusal | None:
    items = tuple(Row(f"line {n}", data) for n, data in enumerate(rows, start=1))
    return generic.sniff(Sample(Path("a"), container, items, fields=fields))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"index": 0, "text": "Hm.", "category": "x"}, "labeled sentences"),
        ({"step": 1, "loss": 0.5, "data": {"a": 1.0}}, "numbers only"),
        ({"step": "1", "loss": "0.5", "lr": "1e-5", "acc": "0.1", "name": "x"}, "numbers only"),
        ({"question": "2 + 2?", "answer": "4"}, "problems with gold answers; .*--map response=COLUMN"),
        ({"prompt": "2 + 2?", "id": "a"}, "look like prompts"),
    ],
)
def test_refusals(row: dict[str, Any], reason: str) -> None:
    import re

    found = _sniff(row)
    assert isinstance(found, Refusal)
    assert re.search(reason, found.reason)
    assert isinstance(_sniff(row, response=next(iter(row))), str | None)


def test_numbers_beside_a_response_are_no_metrics() -> None:
    row = {"idx": 1, "score": 1, "n_tokens": 3, "seed": 0, "step": 2, "response": "Hm."}
    assert _sniff(row) == (
        "columns: response <- response, correct <- score, problem_id <- idx, sample <- seed, "
        "n_model_tokens <- n_tokens"
    )


def test_a_column_of_objects_is_no_response() -> None:
    assert _sniff({"response": {"status": 200}, "id": "x"}) is None


def test_a_document_with_one_list_of_rows_is_read_as_that_list(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"model": "m", "config": {}, "results": [{"output": "a"}, {"output": "b"}]}))
    (unit,) = units(path, detect(path))
    found = list(read_unit(unit, Context(path), Account()))
    assert [(item.place, item.response) for item in found if isinstance(item, Record)] == [
        ("results, item 1", "a"),
        ("results, item 2", "b"),
    ]


def test_csv_values_are_typed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerows(
            [
                ["problem", "response", "correct", "sample"],
                ["2+2", "4, I think", "True", "3"],
                ["1", "", "", ""],
            ]
        )
    (unit,) = units(path, detect(path))
    one, two = (item for item in read_unit(unit, Context(path), Account()) if isinstance(item, Record))
    assert (one.response, one.correct, one.sample) == ("4, I think", True, 3)
    assert (two.response, two.correct, two.sample) == ("", None, None)


@pytest.mark.parametrize(
    ("name", "n", "right", "first_words"),
    [
        ("logic_rl_kk_people3.jsonl", 100, 61, "\nLet's reason through"),
        ("mip_deepseek-r1_math.json", 52, 49, "Okay, so I need to find"),
        ("mip_s1.1_math.json", 52, 49, "think\nOkay, so I need to find"),
    ],
)
def test_real_custom_files(shared_data: Path, name: str, n: int, right: int, first_words: str) -> None:
    path = shared_data / "formats/custom_json" / name
    (unit,) = units(path, detect(path))
    found = [item for item in read_unit(unit, Context(path), Account()) if isinstance(item, Record)]
    assert len(found) == n
    assert sum(item.correct is True for item in found) == right
    assert (found[0].response or "").strip(" ").startswith(first_words)
    assert all(item.problem and item.gold for item in found)


def test_prompt_of_logic_rl_opens_the_reasoning(shared_data: Path) -> None:
    path = shared_data / "formats/custom_json/logic_rl_kk_people3.jsonl"
    (unit,) = units(path, detect(path))
    first = next(iter(read_unit(unit, Context(path), Account())))
    assert isinstance(first, Record)
    assert (first.prompt or "").endswith("<think>")
    assert first.gold == "Penelope is a knave, David is a knave, and Zoey is a knight."


def test_gold_and_flags_of_a_real_trace_file(shared_data: Path) -> None:
    path = shared_data / "traces/mip_math_6models.jsonl.gz"
    stored = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    (unit,) = units(path, detect(path))
    found = list(read_unit(unit, Context(path), Account()))
    for row, item in zip(stored, found, strict=True):
        assert isinstance(item, Record)
        assert (item.response, item.gold, item.correct) == (row["response"], row["gold"], row["correct"])
        assert (item.model, item.model_kind, item.dataset) == (
            row["model"],
            row["model_kind"],
            row["benchmark"],
        )


def test_values() -> None:
    assert [text(value) for value in ("a", 1, 2.5, True, None, float("nan"), b"\xffx", ["é"])] == [
        "a",
        "1",
        "2.5",
        "True",
        None,
        None,
        "\ufffdx",
        '["é"]',
    ]
    assert [truth(v) for v in (1, 0.0, 0.5, "Correct", "wrong", "maybe", None, [])] == [
        True,
        False,
        None,
        True,
        False,
        None,
        None,
        None,
    ]
    assert [number(v) for v in (3, 3.0, "3", -1, True, 2**40, "x", 1e300)] == [
        3,
        3,
        3,
        None,
        None,
        None,
        None,
        None,
    ]
    assert at({"a.b": 1, "a": {"b": 2}}, "a.b") == 1
    assert at({"a": [1]}, "a.5") is None
    assert chat_text("x") == "x"
    assert last_user("x") is None
    assert content_text([{"type": "text", "text": "a"}, {"type": "image", "text": "no"}, "b", 3]) == "a\nb"
    assert statement("Only this.") == "Only this."


def test_both_response_and_answer_mapped() -> None:
    with pytest.raises(InputError, match="is the text after the reasoning"):
        plan(["a", "b"], {"response": "a", "answer": "b", "reasoning": "a"})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
rows = st.dictionaries(
    st.sampled_from([name for names in NAMES.values() for name in names[:3]]) | st.text(max_size=4),
    json_values,
    max_size=8,
)


@given(st.lists(rows, max_size=4))
def test_any_row_gives_records_or_skips_and_none_is_lost(data: list[dict[str, Any]]) -> None:
    _sniff(*data)
    found = _read(*data)
    places = {item.place for item in found}
    assert places == {f"line {n}" for n in range(1, len(data) + 1)}
    for item in found:
        if isinstance(item, Record):
            assert isinstance(item.response, str) or isinstance(item.reasoning, str)
            assert item.gold is None or isinstance(item.gold, str)
