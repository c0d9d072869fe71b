from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import DefinitionError, InputError
from reasonlens.core.tables import MODEL_KINDS, table
from reasonlens.readers import Context, Record, Skipped
from reasonlens.readers._account import Account
from reasonlens.readers._detect import detect
from reasonlens.readers._inputs import inputs
from reasonlens.readers._model_kinds import as_kind, known_kind, load_kinds, mapped_kind
from reasonlens.readers._traces import Defaults, build, trace_id
from reasonlens.readers._units import tables, units

RED = Defaults("red.jsonl", model="m")


def _rows(
    *items: Record | Skipped, defaults: Defaults = RED, account: Account | None = None
) -> list[dict[str, object]]:
    made = build(items, defaults, account if account is not None else Account())
    return [row for batch in made for row in batch.to_pylist()]


def test_a_record_becomes_a_row_of_the_schema() -> None:
    record = Record(
        "line 3",
        "<think>2 + 2 is 4.</think>\n4",
        problem="What is 2 + 2?",
        model="Qwen/QwQ-32B",
        sample=1,
        gold="4",
        correct=True,
        finish="stop",
        n_model_tokens=12,
        decoding={"top_p": 0.9, "temperature": 1.0},
    )
    (made,) = build([record], Defaults("red.jsonl", dataset="sums"), Account())
    assert made.schema == table("traces").schema
    (row,) = made.to_pylist()
    assert (row["reasoning"], row["answer"], row["think_rule"]) == ("2 + 2 is 4.", "4", "think_tags")
    assert (row["model"], row["model_kind"], row["condition"]) == ("Qwen/QwQ-32B", "teacher", "baseline")
    assert (row["dataset"], row["sample"], row["gold"], row["correct_source"]) == ("sums", 1, "4", True)
    assert (row["finish"], row["health"], row["n_model_tokens"]) == ("stop", [], 12)
    assert row["decoding"] == '{"temperature": 1.0, "top_p": 0.9}'
    assert row["source"] == "red.jsonl#line 3"
    assert row["response"] == record.response


def test_reasoning_that_comes_apart_stays_apart() -> None:
    (row,) = _rows(Record("line 1", "4", reasoning="Two and two."))
    assert (row["reasoning"], row["answer"], row["think_rule"]) == ("Two and two.", "4", "fields")
    assert row["response"] == "Two and two.\n\n4"
    (cut,) = _rows(Record("line 1", None, reasoning="Two and"))
    assert (cut["response"], cut["answer"], cut["health"]) == ("Two and", "", ["truncated"])
    (none,) = _rows(Record("line 1", "4", reasoning=""))
    assert (none["response"], none["health"]) == ("4", ["no_reasoning"])


def test_reasoning_repeated_in_the_response_is_not_doubled() -> None:
    thought = (
        "Two and two make four, and that is all there is to say about it, however long one may think it over."
    )
    whole = f"<think>\n{thought}\n</think>\n4"
    (row,) = _rows(Record("line 1", whole, reasoning=thought))
    assert (row["response"], row["reasoning"], row["answer"]) == (whole, thought, "4")


def test_withheld_is_not_empty_and_none_is_not_a_trace() -> None:
    account = Account()
    rows = _rows(
        Record("line 1", "4", withheld=True), Record("line 2", ""), Record("line 3", None), account=account
    )
    assert [row["health"] for row in rows] == [["no_reasoning"], ["empty"]]
    assert account.skipped["no response"].places == ["red.jsonl, line 3"]


parts = st.none() | st.text(max_size=4)


@given(a=st.tuples(parts, parts), b=st.tuples(parts, parts))
def test_ids_are_equal_only_for_equal_parts(a: tuple[str | None, ...], b: tuple[str | None, ...]) -> None:
    ids = [trace_id("m", pair[0], "baseline", 0, pair[1], "x") for pair in (a, b)]
    assert (ids[0] == ids[1]) is (a == b)


def test_id_is_pinned() -> None:
    by_hand = hashlib.blake2b(b"1:m1:p8:baseline1:0-2:\xc3\xa9", digest_size=12).hexdigest()
    assert trace_id("m", "p", "baseline", 0, None, "é") == by_hand
    assert by_hand == "0b7f669713344eeb88319768"


def test_ids_do_not_depend_on_file_or_order() -> None:
    records = [Record(f"line {n}", f"answer {n}", problem=f"p{n % 5}") for n in range(30)]
    one = _rows(*records)
    two = _rows(*reversed(records), defaults=Defaults("other.jsonl", model="m"))
    assert sorted(str(row["trace_id"]) for row in one) == sorted(str(row["trace_id"]) for row in two)
    assert len({row["trace_id"] for row in one}) == 30


def test_the_same_output_twice_has_one_id_unless_the_samples_are_numbered() -> None:
    rows = _rows(*[Record(f"line {n}", "Yes.", problem="Is it?") for n in range(3)])
    assert len({row["trace_id"] for row in rows}) == 1
    rows = _rows(*[Record(f"line {n}", "Yes.", problem="Is it?", sample=n) for n in range(3)])
    assert len({row["trace_id"] for row in rows}) == 3


def test_batches_are_bounded_by_number_and_by_text() -> None:
    sizes = [batch.num_rows for batch in build([Record(f"{n}", "x") for n in range(1201)], RED, Account())]
    assert sizes == [500, 500, 201]
    long = [Record(f"{n}", "word " * 400_000) for n in range(20)]
    assert [batch.num_rows for batch in build(long, RED, Account())] == [9, 9, 2]


def test_a_kind_that_nobody_named_is_counted() -> None:
    account = Account()
    for model, kind in (("my-7b", None), ("my-8b", None), ("my-9b", "other"), ("Qwen/QwQ-32B", None)):
        _rows(Record("1", "x", problem="p", model=model), defaults=Defaults("f", kind=kind), account=account)
    said = Record("1", "x", problem="p", model="my-7b", model_kind="other")
    _rows(said, defaults=Defaults("f"), account=account)
    assert account.notes == {
        "kind of model not known: taken as 'other'; name it with --kind or --kinds FILE": 2
    }


def test_values_that_do_not_fit_the_schema() -> None:
    (row,) = _rows(Record("1", "a\ud800\0b", sample=2**40, n_model_tokens=-1, gold=4))  # type: ignore[arg-type]
    assert (row["response"], row["sample"], row["n_model_tokens"], row["gold"]) == (
        "a\ufffd\0b",
        None,
        None,
        "4",
    )


def test_model_falls_back_to_the_file_name_and_the_account_says_so() -> None:
    account = Account()
    names = ["Qwen2.5-7B.jsonl.gz", "runs.zip!deep/QwQ-32B.json", "stdin", "out.parquet"]
    models = [_rows(Record("1", "x"), defaults=Defaults(name), account=account)[0]["model"] for name in names]
    assert models == ["Qwen2.5-7B", "QwQ-32B", "stdin", "out"]
    assert account.notes["no model named: taken from the file name (QwQ-32B); name it with --model"] == 1


def test_who_decides_on_the_kind() -> None:
    def kind(record: Record, **more: object) -> object:
        return _rows(record, defaults=Defaults("f", **more))[0]["model_kind"]  # type: ignore[arg-type]

    said = Record("1", "x", model="Qwen/Qwen2.5-7B", model_kind="zero-RL")
    assert kind(said) == "zero_rl"
    assert kind(said, kind="teacher") == "zero_rl"
    assert kind(said, kinds={"Qwen/*": "instruct"}) == "instruct"
    silent = Record("1", "x", model="Qwen/Qwen2.5-7B")
    assert kind(silent) == "base"
    assert kind(silent, kind="teacher") == "teacher"
    assert kind(Record("1", "x", model="my-7b")) == "other"
    account = Account()
    _rows(Record("1", "x", model="a", model_kind="odd"), defaults=Defaults("f", model="b"), account=account)
    assert sorted(account.notes) == [
        "--model b not used: the rows name their model",
        "kind of model not known: taken as 'other'; name it with --kind or --kinds FILE",
        "no problem named: such traces cannot be paired by problem",
        "unknown model kind not used: odd",
    ]


KINDS = {
    "Qwen/Qwen2.5-32B": "base",
    "Qwen/Qwen2.5-Math-7B": "base",
    "Qwen2.5-0.5B": "base",
    "meta-llama/Llama-3.1-70B": "base",
    "Qwen/Qwen3-14B-Base": "base",
    "BytedTsinghua-SIA/DAPO-Qwen-32B": "zero_rl",
    "Open-Reasoner-Zero/Open-Reasoner-Zero-32B": "zero_rl",
    "hkust-nlp/Qwen-2.5-32B-SimpleRL-Zoo": "zero_rl",
    "deepseek-ai/DeepSeek-R1-Zero": "zero_rl",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B": "distilled",
    "deepseek-ai__DeepSeek-R1-Distill-Llama-8B": "distilled",
    "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B": "distilled",
    "simplescaling/s1.1-32B": "distilled",
    "simplescaling/s1-32B": "distilled",
    "GAIR/LIMO": "distilled",
    "NovaSky-AI/Sky-T1-32B-Preview": "distilled",
    "open-thoughts/OpenThinker-32B": "distilled",
    "deepseek-ai/DeepSeek-R1": "teacher",
    "deepseek-reasoner": "teacher",
    "Qwen/QwQ-32B": "teacher",
    "Qwen/Qwen2.5-32B-Instruct": "instruct",
    "meta-llama/Llama-3.1-8B-Instruct": "instruct",
    "Qwen/Qwen3-32B": "other",
    "some-lab/base": "other",
    "": "other",
}


@pytest.mark.parametrize(("model", "kind"), KINDS.items())
def test_published_models(model: str, kind: str) -> None:
    assert known_kind(model) == kind


def test_kinds_by_exact_name_then_pattern() -> None:
    kinds = {"*": "other", "lab/a": "base"}
    assert mapped_kind("lab/a", kinds) == "base"
    assert mapped_kind("lab/b", kinds) == "other"
    assert mapped_kind("lab/b", {}) is None
    assert [as_kind(kind) for kind in MODEL_KINDS] == list(MODEL_KINDS)


def test_kinds_file(tmp_path: Path) -> None:
    path = tmp_path / "kinds.toml"
    path.write_text('"lab/a" = "zero_rl"\n"*-sft" = "distilled"\n')
    assert load_kinds(path) == {"lab/a": "zero_rl", "*-sft": "distilled"}
    path.write_text('"lab/a" = "zero"\n')
    with pytest.raises(DefinitionError, match="'lab/a' has the kind 'zero'; the kinds are base, zero_rl"):
        load_kinds(path)
    path.write_text("lab/a = 1")
    with pytest.raises(DefinitionError, match=r"kinds\.toml is not valid \.toml"):
        load_kinds(path)
    (tmp_path / "kinds.csv").write_text('model,kind\n"lab/a, b",base\n*-sft,distilled\n')
    assert load_kinds(tmp_path / "kinds.csv") == {"lab/a, b": "base", "*-sft": "distilled"}
    (tmp_path / "bad.csv").write_text("lab/a\n")
    with pytest.raises(DefinitionError, match=r"is not valid \.csv: each row must have two cells"):
        load_kinds(tmp_path / "bad.csv")
    (tmp_path / "kinds.json").write_text("[1]")
    with pytest.raises(DefinitionError, match="must map models to kinds"):
        load_kinds(tmp_path / "kinds.json")
    with pytest.raises(InputError, match="cannot be read"):
        load_kinds(tmp_path / "gone.toml")


def test_prompts_identify_the_problem_where_no_statement_is() -> None:
    rows = _rows(
        Record("1", "4", problem="What is 2 + 2?"),
        Record("2", "4", prompt="<|im_start|>user\nWhat is $2+2$?\nPlease reason step by step.<|im_end|>"),
        Record("3", "4", prompt="Few-shot stuff"),
        Record("4", "4", problem_id="7"),
        Record("5", "4"),
    )
    ids = [row["problem_id"] for row in rows]
    assert ids[0] == ids[1]
    assert rows[1]["problem"] == "What is $2+2$?"
    assert len(set(ids)) == 4
    assert ids[4] is None


def test_accounts_add_up_and_survive_a_round_trip() -> None:
    one, two = Account(rows=3, traces=2, repaired=1), Account(rows=5, traces=1)
    for n in range(5):
        (one if n % 2 else two).skip(Skipped(f"line {n}", f"not JSON: Expecting value (column {n})"), "f")
    two.notes["note"] += 2
    one.merge(two)
    assert (one.rows, one.traces, one.repaired, one.n_skipped) == (8, 3, 1, 5)
    assert one.skipped["not JSON: Expecting value"].places == ["f, line 1", "f, line 3", "f, line 0"]
    assert Account.from_dict(one.as_dict()) == one


def test_reasons_are_bounded() -> None:
    account = Account()
    for n in range(500):
        account.skip(Skipped("x", f"reason {n}"), "f")
    assert len(account.skipped) == 101
    assert account.skipped["other reasons"].n == 400


COUNTS = {
    "mip_gsm8k_distilled_r1-distill-qwen-32b": 582,
    "mip_gsm8k_distilled_s1.1-32b": 582,
    "mip_gsm8k_instruct_qwen2.5-32b": 582,
    "mip_gsm8k_teacher_deepseek-r1": 582,
    "mip_gsm8k_teacher_qwq-32b": 582,
    "mip_math_6models": 312,
    "mmlupro_base_llama-3.1": 1200,
    "reasoninggym_instruct_qwen2.5-3b": 2336,
    "reasoninggym_rl_instruct_qwen2.5-3b-rlft": 2336,
    "rho_base_rho-math-7b": 1819,
    "shortrl_zero_rl_qwen2.5-7b_kk3_kk5": 200,
    "skythought_base_qwen2.5-math-7b": 842,
    "skythought_distilled_sky-t1-math": 972,
    "skythought_instruct_qwen2.5-14b": 842,
}


def test_all_real_traces(shared_data: Path) -> None:
    found: dict[str, pa.Table] = {}
    for source in inputs([shared_data / "traces"]):
        account = Account()
        (unit,) = units(source, detect(source))
        made = pa.concat_tables(list(tables(unit, Context(source.path), Defaults(source.name), account)))
        found[source.name.removesuffix(".jsonl.gz")] = made
        assert (account.rows, account.traces, account.n_skipped) == (made.num_rows, made.num_rows, 0)
    assert {name: made.num_rows for name, made in found.items()} == COUNTS
    whole = pa.concat_tables(found.values())
    assert whole.num_rows == 13769
    assert len(set(whole["trace_id"].to_pylist())) == 13769
    assert whole["problem_id"].null_count == 0
    assert whole["correct_source"].null_count == 52  # LIMO was not judged
    assert set(whole["model_kind"].to_pylist()) == {
        "base",
        "zero_rl",
        "rl_instruct",
        "instruct",
        "distilled",
        "teacher",
    }
