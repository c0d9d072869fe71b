"""The README's commands run, its output is real, and its tables name the columns that exist."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from reasonlens.cli import cli
from reasonlens.core.tables import TABLES
from reasonlens.sample import path as sample


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text("utf-8")


def test_every_command_runs(readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "sample.jsonl").write_bytes(Path(sample()).read_bytes())
    commands = re.findall(r"^\$ reasonlens (.+)$", readme, re.M)
    assert len(commands) >= 7
    for line in commands:
        out = CliRunner().invoke(cli, shlex.split(line))
        assert out.exit_code == 0, (line, out.output)


def test_the_output_shown_is_what_demo_prints(readme: str, tmp_path: Path) -> None:
    block = next(
        x for x in re.findall(r"```text\n(.*?)```", readme, re.S) if x.startswith("flexible_reasoning")
    )
    out = CliRunner().invoke(cli, ["demo", "--short", "--study", str(tmp_path / "d")])
    assert block in out.stdout


def test_the_tables_have_these_columns(readme: str) -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| `([^`]+)` \|$", readme, re.M))
    assert {"traces", "lengths", "counts", "matches", "estimates"} <= shown.keys()
    for name, columns in shown.items():
        assert columns.split() == TABLES[name].schema.names


def test_links_lead_somewhere(readme: str, root: Path) -> None:
    targets = [t for t in re.findall(r"\]\(([^)]+)\)", readme) if not t.startswith("http")]
    assert targets
    assert [t for t in targets if not (root / t).exists()] == []


def test_the_speed_is_what_the_benchmark_kept(readme: str, root: Path) -> None:
    kept = json.loads((root / "benchmarks" / "counting" / "results.json").read_text("utf-8"))
    section = readme.partition("## Speed")[2].partition("\n## ")[0]
    programs = {row["program"]: row for row in kept["counting"]["programs"]}
    assert f"{programs['reasonlens']['mb_per_s']} MB/s" in section
    for name in ("spaCy PhraseMatcher", "pandas and re", "rg --count-matches"):
        assert f"{programs[name]['ours_is_faster_by']} times" in section
    for run in kept["end_to_end"]["runs"]:
        if run["mb"] == 1000:
            assert f"{run['wall_s']} s" in section
    table = (root / "benchmarks" / "counting" / "README.md").read_text("utf-8")
    for row in programs.values():
        assert f"| {row['program']} | {row['mb']} | {row['mb_per_s']} |" in table
