"""``list``, ``show``, ``doctor``, ``ingest`` and ``demo``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.core import registry
from reasonlens.core.study import read_study
from reasonlens.lexicon import definition
from reasonlens.lexicon.kernel import choice


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words])


def test_list_names_everything_that_is_there() -> None:
    lexicons = run("list", "lexicons").stdout.splitlines()
    assert [line.split()[0] for line in lexicons[:-2]] == definition.names()
    formats = run("list", "formats").stdout.splitlines()
    assert [line.split()[0] for line in formats] == list(registry.names("reasonlens.readers"))
    assert "category_rates" in run("list", "figures").stdout


def test_show_lexicon_has_source_rule_and_entries() -> None:
    out = run("show", "lexicon", "orz").stdout
    assert "Rule: match=regex, case=sensitive" in out
    assert "Source: " in out
    out = run("show", "lexicon", "flexible_reasoning").stdout
    assert "(reconstructed, digest " in out
    assert "wait *" in out
    assert "* attested by the source; the rest is reconstructed" in out


def test_doctor_says_what_works() -> None:
    out = run("doctor")
    assert out.exit_code == 0
    assert f"counting engine: {'numpy' if choice.kernel() is None else 'kernel'} (" in out.stdout
    assert "numpy" in out.stdout


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "x.jsonl"
    rows = [{"model": "m", "problem": f"p{i}", "response": f"<think>wait {i}</think>ten"} for i in range(3)]
    path.write_text("\n".join(map(json.dumps, rows)))
    out = run("ingest", path, "--study", tmp_path / "s", "--kind", "distilled")
    assert out.exit_code == 0, out.output
    assert f"Next: reasonlens tokens {tmp_path / 's'}" in out.stdout
    return tmp_path / "s"


def test_show_trace_by_the_first_characters_of_its_id(study: Path) -> None:
    trace = read_study(study).traces(["trace_id"])["trace_id"][0]
    out = run("show", "trace", study, trace[:12])
    assert out.exit_code == 0, out.output
    assert f"trace_id: {trace}" in out.stdout
    assert "model_kind: distilled" in out.stdout
    assert "--- reasoning\nwait " in out.stdout
    none = run("show", "trace", study, "zzz")
    assert none.exit_code == 1
    assert "0 traces of" in none.stderr


def test_demo_shows_every_kind(tmp_path: Path) -> None:
    out = run("demo", "--study", tmp_path / "d")
    assert out.exit_code == 0, out.output
    for kind in ("base", "zero_rl", "distilled", "teacher"):
        assert any(line.startswith(kind) for line in out.stdout.splitlines()), kind
    assert "not recorded from any model" in out.stdout
    assert (tmp_path / "d" / "figures" / "category_rates.png").exists()
