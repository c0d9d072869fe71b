"""``reasonlens report``: what it writes, says and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli

pytest.importorskip("starlette", reason="the extra view is not installed")


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words])


@pytest.fixture
def study(tmp_path: Path) -> Path:
    rows = [
        {
            "model": f"lab/{kind}",
            "model_kind": kind,
            "problem_id": str(i),
            "problem": f"p{i}",
            "response": "Wait, 4.",
        }
        for i in range(3)
        for kind in ("base", "distilled")
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    out = run("tokens", path, "--study", tmp_path / "s")
    assert out.exit_code == 0, out.output
    return tmp_path / "s"


def test_it_writes_where_it_is_told(study: Path, tmp_path: Path) -> None:
    out = run("report", study, "-o", tmp_path / "r.html", "--traces", "2")
    assert out.exit_code == 0, out.output
    assert f"Report: {tmp_path / 'r.html'} (" in out.stdout
    assert "MB, 2 of 6 traces)" in out.stdout
    assert (tmp_path / "r.html").read_text().count('<details class="trace">') == 2


def test_the_name_decides_the_format(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("report", study, "-o", tmp_path / "r.md").exit_code == 0
    assert (tmp_path / "r.md").read_text().startswith("# s: reasonlens report")
    monkeypatch.chdir(tmp_path)
    out = run("report", study, "--format", "md")
    assert out.exit_code == 0
    assert (tmp_path / "report.md").exists()
    assert "traces)" not in out.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "absent/r.html"], "there is no folder absent to write r.html in"),
        (["-o", "."], "is a folder; name a file"),
    ],
)
def test_what_is_refused(
    study: Path, words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = run("report", study, *words)
    assert out.exit_code == 1
    assert message in out.stderr
    assert run("report", tmp_path).exit_code == 1
