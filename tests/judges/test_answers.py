"""The form of an answer: what the schema allows is read, and what is not in form is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.judges import load_codebook
from reasonlens.judges._answers import parser, read, schema

BOOKS = [load_codebook("verification"), load_codebook("backtracking")]
SENTENCES = [load_codebook("self_checking")]


def answer(**changes: Any) -> dict[str, Any]:
    one = {"quotes": ["a b c"], "why": "w", "verdict": "present", **changes}
    none = {"quotes": [], "why": "", "verdict": "absent"}
    return {
        "receipt_rules": "r",
        "receipt_text": "t",
        "behaviors": {"verification": one, "backtracking": none},
    }


def test_the_schema_is_strict_and_bounded() -> None:
    found = schema(BOOKS, most=7)

    def walk(node: Any) -> None:
        if not isinstance(node, dict):
            return
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])
        if node.get("type") == "string":
            assert "maxLength" in node or "enum" in node
        if node.get("type") == "array":
            assert node["maxItems"] == 7
        for value in node.values():
            walk(value)

    walk(found)
    assert list(found["properties"]["behaviors"]["properties"]) == ["verification", "backtracking"]
    # evidence comes before the verdict, so that the verdict follows from it
    one = found["properties"]["behaviors"]["properties"]["verification"]
    assert list(one["properties"]) == ["quotes", "why", "verdict"]


def test_a_service_that_refuses_lengths_gets_none() -> None:
    assert "maxLength" not in json.dumps(schema(BOOKS, bounded=False))
    assert "maxItems" in json.dumps(schema(BOOKS, bounded=False))


def test_an_answer_in_form_is_read() -> None:
    found = read(answer(verdict=" Present"), BOOKS, "trace")
    assert found.found["verification"].verdict == "present"
    assert found.found["verification"].quotes == ("a b c",)
    assert found.receipt_rules == "r"


def test_numbers_of_sentences_are_read_once_each() -> None:
    one = {"sentences": [3, 1, 3], "why": "", "verdict": "present"}
    found = read({"behaviors": {"self_checking": one}}, SENTENCES, "sentence")
    assert found.found["self_checking"].sentences == (3, 1)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "the answer is no JSON object"),
        ({}, '"behaviors" is no JSON object'),
        ({"behaviors": {}}, "no answer for verification, backtracking"),
        (answer(verdict="maybe"), "verification: verdict 'maybe' is none of present, absent, unclear"),
        (answer(verdict=1), "verification: verdict is no text"),
        (answer(verdict=None), "verification: verdict is no text"),
        (answer(quotes="a"), 'verification: "quotes" is no list'),
        (answer(quotes=[1]), "verification: quotes are no texts"),
        (answer(why=3), "verification: why is no text"),
        ({**answer(), "receipt_text": 4}, "receipt_text is no text"),
    ],
)
def test_an_answer_out_of_form_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(value, BOOKS, "trace")


@pytest.mark.parametrize("bad", [["1"], [True], [1.5], None])
def test_sentences_must_be_whole_numbers(bad: Any) -> None:
    value = {"behaviors": {"self_checking": {"sentences": bad, "why": "", "verdict": "present"}}}
    with pytest.raises(ValueError, match="self_checking"):
        read(value, SENTENCES, "sentence")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["behaviors", "verification", "quotes", "verdict", "why", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_json_breaks_the_reader(value: Any) -> None:
    for function in (parser, lambda v: read(v, BOOKS, "trace"), lambda v: read(v, SENTENCES, "sentence")):
        with suppress(ValueError):
            function(value)
