"""``behaviors --judge decisions``: a classification endpoint, only where it is named, marked as such."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.core.study import read_study
from tests.calls.fake_server import serving
from tests.judges.test_decisions import Checks


@pytest.fixture(scope="module")
def server() -> Iterator[Checks]:
    with serving(Checks()) as made:
        assert isinstance(made, Checks)
        yield made


@pytest.fixture
def ask(server: Checks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    server.billed.clear()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none0987654321zyxwvutsrq")
    texts = {"base": "The sum is {p}. Done.", "distilled": "The sum is {p}. Let me check it: {p}. Done."}
    rows = [
        {
            "model": kind,
            "model_kind": kind,
            "benchmark": "t",
            "problem": f"{p}?",
            "response": text.format(p=p),
        }
        for p in range(6)
        for kind, text in texts.items()
    ]
    (tmp_path / "out.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def run(*words: str) -> Result:
        named = ["behaviors", str(tmp_path / "out.jsonl"), "--judge", "decisions", "-b", "verification"]
        return CliRunner().invoke(cli, [*named, *words])

    return run


def test_it_is_asked_per_step_and_marked(ask: Any, server: Checks, tmp_path: Path) -> None:
    words = ["--study", str(tmp_path / "s"), "--model", "tiny", "--base-url", server.url]
    dry = ask(*words, "--dry-run")
    assert "decisions:tiny at http" in dry.stderr
    assert "30 questions in at most 12 calls" in dry.stderr
    assert "tokens: about " in dry.stderr
    assert "price: nothing (a server of your own)" in dry.stderr
    prices = tmp_path / "prices.toml"
    prices.write_text('date = "2026-01-01"\n[[model]]\nnames = ["tiny"]\ninput = 1000.0\noutput = 0.0\n')
    told = ask(*words, "--dry-run", "--prices", str(prices)).stderr
    low, high = (int(n.replace(",", "")) for n in re.findall(r"about ([\d,]+) to ([\d,]+) in", told)[0])
    assert high == pytest.approx(low * 4.5 / 2.5, rel=0.02)
    assert f"price: ${low / 1000:.2f} to ${high / 1000:.2f} (table of 2026-01-01)" in told
    assert not server.billed
    out = ask(*words)
    assert out.exit_code == 0, out.output
    assert "not validated: compare it with labels of people" in out.stderr
    assert "Not validated" in out.stdout
    assert sum(server.billed.values()) == 12
    labels = read_study(tmp_path / "s").read("labels").to_pandas()
    assert set(labels["judge"]) == {"decisions:tiny"}
    assert labels["verdict"].value_counts().to_dict() == {"absent": 6, "present": 6}
    again = ask(*words)
    assert again.exit_code == 0, again.output
    assert sum(server.billed.values()) == 12


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--study", "S"], "has no usual model; name one with --model"),
        (["--study", "S", "--model", "m"], "The price is not known. Nobody is here to be asked: add --yes"),
        (
            ["--study", "S", "--model", "m", "--batch"],
            "--batch is not for --judge decisions: it asks step by",
        ),
        (["--model", "m"], "add --study DIR"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_asked(
    ask: Any, tmp_path: Path, words: list[str], problem: str
) -> None:
    out = ask(*[str(tmp_path / "s") if word == "S" else word for word in words])
    assert out.exit_code == 1
    assert problem in out.stderr
