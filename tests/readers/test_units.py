from __future__ import annotations

import gzip
import itertools
import json
import pickle
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.readers import Context, Record, Skipped
from reasonlens.readers._account import Account
from reasonlens.readers._detect import Detected, detect
from reasonlens.readers._traces import Defaults
from reasonlens.readers._units import Unit, read_unit, tables, units

JSONL = Detected("generic", "jsonl", "")


def _items(made: list[Unit], account: Account | None = None) -> list[Record | Skipped]:
    account = account or Account()
    return [item for unit in made for item in read_unit(unit, Context(unit.path), account)]


@given(
    lines=st.lists(st.text(alphabet="ab€\r ", max_size=12), min_size=1, max_size=30),
    target=st.integers(1, 120),
    ends=st.booleans(),
)
@settings(max_examples=60)
def test_ranges_partition_the_file_at_line_ends(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], target: int, ends: bool
) -> None:
    path = tmp_path_factory.mktemp("units") / "a.jsonl"
    data = "\n".join(json.dumps({"response": line}, ensure_ascii=False) for line in lines) + "\n" * ends
    path.write_bytes(data.encode())
    made = units(path, JSONL, target_bytes=target)
    assert made[0].start == 0
    assert made[-1].end == len(data.encode())
    for one, two in itertools.pairwise(made):
        assert one.end == two.start
        assert data.encode()[: one.end].endswith(b"\n")
        assert two.first_line == data.encode()[: two.start].count(b"\n") + 1
    found = _items(made)
    assert [item.place for item in found] == [f"line {n}" for n in range(1, len(lines) + 1)]
    assert [item.response for item in found if isinstance(item, Record)] == lines
    assert len({unit.key for unit in made}) == len(made)


def test_only_plain_json_lines_of_a_splittable_format_are_cut(tmp_path: Path, shared_data: Path) -> None:
    plain = tmp_path / "a.jsonl"
    plain.write_bytes(b'{"response": "x"}\n' * 1000)
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert len(units(plain, JSONL, target_bytes=1000)) == 18
    (whole,) = units(packed, JSONL, target_bytes=10)
    assert (whole.start, whole.end, whole.first_line) == (0, None, 1)
    log = shared_data / "formats/inspect/small.json"
    assert len(units(log, detect(log), target_bytes=10)) == 1


def test_keys_follow_name_content_and_settings_not_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "../x y" / "däta!.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b'{"response": "x"}\n')
    (unit,) = units(path, JSONL, settings={"model": "m"})
    assert re.fullmatch(r"d-ta-jsonl-[0-9a-f]{20}-[0-9a-f]{8}", unit.key)
    moved = tmp_path / "däta!.jsonl"
    shutil.copy(path, moved)
    assert units(moved, JSONL, settings={"model": "m"})[0].key == unit.key
    assert units(moved, JSONL, settings={"model": "n"})[0].key != unit.key
    assert units(moved, Detected("chat", "jsonl", ""), settings={"model": "m"})[0].key != unit.key
    moved.write_bytes(b'{"response": "y"}\n')
    assert units(moved, JSONL, settings={"model": "m"})[0].key != unit.key


def test_hostile_names_give_safe_keys(tmp_path: Path) -> None:
    for name in ("...jsonl", "-rf.jsonl", "a\nb.jsonl", "ü" * 80 + ".jsonl"):
        path = tmp_path / name
        path.write_bytes(b'{"response": "x"}\n')
        (unit,) = units(path, JSONL)
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_+.-]{0,90}", unit.key)


def test_units_travel_to_other_processes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"response": "x"}\n')
    (unit,) = units(path, JSONL)
    assert pickle.loads(pickle.dumps(unit)) == unit


def test_rows_are_counted_and_skips_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"response": "x"}\nbad\n{"response": null}\n{"response": "\\ud800"}\nbad')
    account = Account()
    found = _items(units(path, JSONL), account)
    assert [item.place for item in found] == [f"line {n}" for n in range(1, 6)]
    assert [isinstance(item, Skipped) for item in found] == [False, True, True, False, True]
    assert (account.rows, account.repaired, account.formats) == (5, 1, {"generic": 1})


def test_cutting_changes_no_trace(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.decompress((shared_data / "traces/mip_math_6models.jsonl.gz").read_bytes()))
    found = []
    for target in (10**9, 200_000):
        made = units(path, JSONL, target_bytes=target)
        account = Account()
        batches = [t for unit in made for t in tables(unit, Context(path), Defaults("a"), account)]
        found.append([row for batch in batches for row in batch.to_pylist()])
        assert (account.rows, account.traces) == (312, 312)
    assert len(made) > 10
    assert found[0] == found[1]
