"""Input that is broken, huge or meant to harm: never a crash, never an unbounded read."""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reasonlens.core import registry
from reasonlens.core.errors import InputError, ReasonlensError
from reasonlens.readers import Context, Record, Refusal, Row, Sample, Skipped
from reasonlens.readers._account import Account
from reasonlens.readers._columns import NAMES
from reasonlens.readers._detect import Detected, detect
from reasonlens.readers._inputs import inputs
from reasonlens.readers._traces import Defaults, build
from reasonlens.readers._units import tables, units

READERS = sorted(registry.names("reasonlens.readers"))
JSONL = Detected("generic", "jsonl", "")


def _ingest(path: Path, detected: Detected | None = None) -> tuple[list[dict[str, Any]], Account]:
    account = Account()
    made = [
        batch
        for unit in units(path, detected or detect(path))
        for batch in tables(unit, Context(path), Defaults(path.name, model="m"), account)
    ]
    return [row for batch in made for row in batch.to_pylist()], account


def test_deep_nesting_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    deep = "[" * 200_000 + "]" * 200_000
    path.write_text('{"response": "a"}\n{"response": ' + deep + '}\n{"response": "b", "more": {"x": 1}}\n')
    rows, account = _ingest(path)
    assert [row["response"] for row in rows] == ["a", "b"]
    assert account.skipped["nested too deeply"].places == ["a.jsonl, line 2"]


@pytest.mark.parametrize("text", ['[{"a": %s}]', '{"a": %s}'])
def test_deep_nesting_in_an_array_or_a_document(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text % ("[" * 200_000 + "]" * 200_000))
    with pytest.raises(InputError, match="nested too deeply"):
        detect(path)


def test_deep_nesting_that_orjson_still_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for depth in (500, 900, 1010, 1100, 5000):
        deep = "[" * depth + '"\\ud800"' + "]" * depth
        path.write_text('{"response": "a", "gold": ' + deep + "}\n")
        rows, account = _ingest(path, JSONL)
        assert len(rows) + account.n_skipped == 1


def test_every_kind_of_bad_text_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"response": "\xff\xfe caf\xe9", "problem": "p"}\n'
        b'{"response": "a\\ud800b\\udc00\\u0000", "problem": "\\udfff"}\n'
        b'{"response": "a\x00b", "score": NaN}\n'
        b'{"response": "\\ud83d\\ude00", "score": Infinity}\n'
        b"\x00\x00\x00\n"
        b'{"response": "cut'
    )
    rows, account = _ingest(path)
    assert [row["response"] for row in rows] == ["\ufffd\ufffd caf\ufffd", "a\ufffdb\ufffd\0", "a\0b", "😀"]
    assert (account.rows, account.repaired, account.n_skipped) == (6, 4, 2)


def test_ids_that_look_like_paths_or_commands_stay_data(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    evil = ["../../etc/passwd", "/etc/passwd", "a\0b", "a\nb", "$(id)", "..\\..\\x", "=cmd|' /C calc'!A0"]
    path.write_text(
        "".join(
            json.dumps({"response": "x", "problem_id": e, "model": e, "dataset": e, "condition": e}) + "\n"
            for e in evil
        )
    )
    rows, _ = _ingest(path)
    assert [row["model"] for row in rows] == evil
    assert [row["condition"] for row in rows] == evil
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jsonl"]
    assert len({row["trace_id"] for row in rows}) == len(evil)


def test_members_with_paths_outside_the_archive_are_only_read(tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../up.jsonl", '{"response": "x"}\n')
        archive.writestr("/abs.jsonl", '{"response": "x"}\n')
    found = inputs([path])
    for source in found:
        (unit,) = units(source, detect(source))
        assert "/" not in unit.key
        assert ".." not in unit.key
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evil.zip"]


@pytest.mark.parametrize("packer", ["gz", "zip"])
def test_a_bomb_at_full_scale(tmp_path: Path, packer: str) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    piece, n = b"x" * 2**20, 300
    if packer == "gz":
        with gzip.open(path, "wb", 9) as file:
            file.write(b'{"response": "a"}\n{"response": "')
            for _ in range(n):
                file.write(piece)
        source: Any = path
    else:
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("a.jsonl", "w") as member,
        ):
            member.write(b'{"response": "a"}\n{"response": "')
            for _ in range(n):
                member.write(piece)
        (source,) = inputs([path])
    (unit,) = units(source, JSONL)
    with pytest.raises(InputError, match="unpacks to more than 256 MiB, over 500 times its size"):
        list(tables(unit, Context(path), Defaults("b"), Account()))


_MEASURED = """
import resource, sys
from pathlib import Path
from reasonlens.readers import Context
from reasonlens.readers._account import Account
from reasonlens.readers._detect import Detected
from reasonlens.readers._traces import Defaults
from reasonlens.readers._units import tables, units
path = Path(sys.argv[1])
account = Account()
peaks = []
for unit in units(path, Detected("generic", sys.argv[2], "")):
    for batch in tables(unit, Context(path), Defaults("a", model="m"), account):
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(account.rows, account.traces, (peaks[-1] - peaks[len(peaks) // 3]) // 1024)
"""


@pytest.mark.parametrize("container", ["jsonl", "array"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, container: str) -> None:
    path = tmp_path / "a"
    line = json.dumps({"response": "Wait, " * 5000, "problem": "p"})
    with path.open("w") as file:
        file.write("[" if container == "array" else "")
        for n in range(6000):
            file.write(
                (",\n" if container == "array" and n else "") + line + ("\n" if container == "jsonl" else "")
            )
        file.write("]" if container == "array" else "")
    assert path.stat().st_size > 180_000_000
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(path), container], capture_output=True, text=True, check=True
    )
    n_rows, n_traces, grown_mib = map(int, done.stdout.split())
    assert (n_rows, n_traces) == (6000, 6000)
    assert grown_mib < 40  # two thirds of the file (120 MB) are still to come at the first mark


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
KEYS = sorted(
    {name for names in NAMES.values() for name in names}
    | {
        "choices",
        "message",
        "content",
        "role",
        "usage",
        "conversations",
        "from",
        "value",
        "generations",
        "doc",
    }
    | {"doc_id", "arguments", "resps", "target", "filter", "metrics", "code", "pred", "gt", "report", "score"}
    | {
        "custom_id",
        "body",
        "response",
        "error",
        "status_code",
        "results",
        "categories",
        "datasets",
        "completions",
    }
    | {
        "eval",
        "samples",
        "plan",
        "output",
        "input",
        "scores",
        "epoch",
        "gts",
        "step",
        "data",
        "responses",
        "prompt",
    }
    | {
        "reward_model",
        "extra_info",
        "deepseek_reasoning",
        "deepseek_solution",
        "attempt",
        "thinking_trajectories",
    }
    | {
        "model_response",
        "metric",
        "text",
        "reasonings",
        "deepseek_attempt",
        "deepseek_thinking_trajectory",
        "0.7",
    }
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
records = st.lists(st.dictionaries(st.sampled_from(KEYS), values, max_size=7), min_size=1, max_size=3)


@pytest.mark.parametrize("name", READERS)
@given(data=records, container=st.sampled_from(["jsonl", "array", "document", "parquet", "archive"]))
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_no_reader_crashes_on_any_json(name: str, data: list[dict[str, Any]], container: str) -> None:
    reader = registry.load("reasonlens.readers", name)
    place = {"document": "document", "archive": "samples/{n}_epoch_1.json"}.get(container, "line {n}")
    items = tuple(
        Row(place.format(n=n), row) for n, row in enumerate(data[:1] if container == "document" else data)
    )
    answer = reader.sniff(Sample(Path("a.jsonl"), container, items))
    assert answer is None or isinstance(answer, str | Refusal)
    found = list(reader.read(iter(items), Context(Path("a.jsonl"))))
    assert all(isinstance(item, Record | Skipped) for item in found)
    account = Account()
    n_rows = sum(batch.num_rows for batch in build(found, Defaults("a.jsonl"), account))
    assert n_rows + account.n_skipped == len(found)


WELL_FORMED: dict[str, list[dict[str, Any]]] = {
    "generic": [
        {
            "response": ["a", "b"],
            "correct": [1, 0],
            "prompt": [{"role": "user", "content": "c"}],
            "gold": [1],
        },
        {
            "reasoning": "r",
            "answer": "a",
            "sample": 1,
            "finish_reason": "stop",
            "kind": "base",
            "n_tokens": 3,
        },
    ],
    "verl": [
        {"input": "user\nx\nassistant\n", "output": "o", "gts": "4", "score": 1.0, "step": 3, "acc": True},
        {
            "prompt": [{"role": "user", "content": "x"}],
            "responses": ["a", "b"],
            "reward_model": {"ground_truth": "4"},
            "extra_info": {"question": "q", "index": 1},
            "is_correct": [True, False],
        },
        {"prompt": {"0": "x"}, "responses": {"0": ["a"]}, "reward_model": {"0": {"ground_truth": "4"}}},
    ],
    "hf_traces": [
        {
            "problem": "p",
            "generations": ["a", "b"],
            "correctness_math_verify": [True, False],
            "finish_reasons": ["a", None],
        },
        {"conversations": [{"from": "user", "value": "x"}, {"from": "assistant", "value": "y"}]},
        {"deepseek_reasoning": "a", "deepseek_solution": "b", "problem": "p"},
        {"deepseek_thinking_trajectory": ["a"], "deepseek_attempt": "b", "deepseek_grade": "Yes"},
        {"thinking_trajectories": ["a"], "attempt": "b", "question": "q"},
    ],
    "chat": [
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "q"}]},
                {"role": "assistant", "content": "a"},
            ]
        },
        {
            "request": {"messages": [{"role": "user", "content": "a"}], "temperature": 1},
            "response": {
                "choices": [
                    {"message": {"content": "x", "reasoning": "y"}, "index": 0, "finish_reason": "s"}
                ],
                "usage": {"completion_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 1}},
            },
        },
    ],
}
JUNK = [
    None,
    True,
    0,
    -1,
    1.5,
    float("nan"),
    10**400,
    "",
    "x",
    [],
    [None],
    {},
    {"a": 1},
    ["a"],
    [{"text": None}],
    [[["a"]]],
]


def _nodes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, item in inner for deeper in _nodes(item, (*path, key)))]


@pytest.mark.parametrize("name", WELL_FORMED)
@given(chance=st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_one_wrong_value_anywhere_in_a_good_row_harms_nothing(name: str, chance: random.Random) -> None:
    data = copy.deepcopy(chance.choice(WELL_FORMED[name]))
    for _ in range(chance.choice([1, 1, 3])):
        path = chance.choice(_nodes(data)[1:] or [()])
        if path:
            parent = data
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = copy.deepcopy(chance.choice(JUNK))
    reader = registry.load("reasonlens.readers", name)
    good = Row("line 2", WELL_FORMED[name][0])
    reader.sniff(Sample(Path("a.jsonl"), "jsonl", (Row("line 1", data), good)))
    found = list(reader.read(iter([Row("line 1", data), good]), Context(Path("a.jsonl"))))
    account = Account()
    assert sum(batch.num_rows for batch in build(found, Defaults("a"), account)) + account.n_skipped == len(
        found
    )
    assert {item.place for item in found} >= {"line 2"}


@given(
    data=st.binary(max_size=400),
    suffix=st.sampled_from(["jsonl", "json", "csv", "parquet", "eval", "gz", "zip"]),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arbitrary_bytes_are_read_or_refused(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data)
    account = Account()
    with contextlib.suppress(ReasonlensError):
        _, account = _ingest(path)
    assert account.traces + account.n_skipped >= account.rows


@given(
    lines=st.lists(
        st.recursive(leaves, lambda i: st.lists(i) | st.dictionaries(st.text(), i), max_leaves=5), min_size=1
    )
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_line_is_a_trace_or_is_accounted_for(tmp_path: Path, lines: list[Any]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [{"response": "x"}, *lines]))
    _, account = _ingest(path, JSONL)
    assert account.rows == len(lines) + 1
    assert account.traces + account.n_skipped == account.rows
