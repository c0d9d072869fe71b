"""The page on Python names every function, and its code runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import reasonlens
from reasonlens.sample import path as sample


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "python.md").read_text("utf-8")


def test_every_function_has_its_row(page: str) -> None:
    named = set(re.findall(r"^\| `(\w+)\(", page, re.M))
    assert named == {name for name in reasonlens.__all__ if name.islower() and not name.startswith("__")}


def test_the_code_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "sample.jsonl").write_bytes(Path(sample()).read_bytes())
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(blocks) == 3
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
        shown = capsys.readouterr().out
        assert shown.strip()
        assert "Empty DataFrame" not in shown
        assert "Series([]" not in shown
