"""Files or a study: what a command takes as its input."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasonlens.cli._inputs import inputs_of
from reasonlens.core.errors import InputError


@pytest.fixture
def study(tmp_path: Path) -> Path:
    made = tmp_path / "study"
    made.mkdir()
    (made / "study.json").write_text("{}", encoding="utf-8")
    return made


def test_files_and_a_study_to_keep_them(tmp_path: Path) -> None:
    assert inputs_of({"inputs": ("a.jsonl",), "study": tmp_path}) == (["a.jsonl"], tmp_path)


def test_a_study_may_be_named_either_way_or_both(study: Path) -> None:
    for inputs, option in ((str(study),), None), ((), study), ((str(study),), study):
        assert inputs_of({"inputs": inputs, "study": option}) == ([], study)


def test_nothing_named() -> None:
    with pytest.raises(InputError, match="name the files to read, or a study"):
        inputs_of({"inputs": (), "study": None})


def test_a_study_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="new is no study yet; name the files to make it from"):
        inputs_of({"inputs": (), "study": tmp_path / "new"})


def test_a_study_among_files(study: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a study; name it alone"):
        inputs_of({"inputs": (str(study), "a.jsonl"), "study": None})
    with pytest.raises(InputError, match="is a study; name it alone"):
        inputs_of({"inputs": (str(study),), "study": tmp_path / "other"})
