"""``reasonlens.behaviors`` and ``reasonlens.agree``: the commands from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import reasonlens
from reasonlens.calls import Request
from reasonlens.calls.limits import CostLimitError
from reasonlens.core.errors import InputError
from reasonlens.workflow.agree_compare import Asked
from reasonlens.workflow.behaviors import Wanted
from reasonlens.workflow.behaviors_rates import Rates
from tests.calls.fake_server import MODEL, FakeServer, serving
from tests.judges.fake_models import honest

TEXTS = {
    "base": "The sum is {p}. So it is done.",
    "distilled": "The sum is {p}. Let me check: it is {p} indeed. So it is done.",
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    rows = [
        {
            "model": f"lab/{kind}",
            "model_kind": kind,
            "benchmark": "toy",
            "problem": f"Box {p}?",
            "response": text.format(p=p),
        }
        for p in range(6)
        for kind, text in TEXTS.items()
    ]
    file = tmp_path / "out.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    reasonlens.ingest(file, tmp_path / "s")
    return tmp_path / "s"


def answered(messages: list[dict[str, str]], schema: object) -> str:
    return json.dumps(honest(Request(tuple((m["role"], m["content"]) for m in messages[:2]), None)))


def shares(found: Rates) -> dict[str, float]:
    rows = found.rows
    mine = rows[(rows["by"] == "model_kind") & (rows["reference"] == "") & (rows["dataset"] == "toy")]
    mine = mine[mine["measure"].str.endswith("/presence")]
    return dict(zip(mine["group"], mine["value"], strict=True))


def test_rates_and_labels_of_the_baseline(study: Path) -> None:
    found = reasonlens.behaviors(study, ["verification"])
    assert shares(found) == {"base": 0.0, "distilled": 1.0}
    assert found.reference == "base"
    labels = reasonlens.read_study(study).read("labels").to_pandas()
    assert len(labels) == 12
    assert set(labels["judge"]) == {"rules@1"}


def test_a_model_is_asked_once_and_compared_with_the_baseline(study: Path) -> None:
    with serving(FakeServer(reply=answered)) as server:
        for _ in range(2):
            found = reasonlens.behaviors(
                study,
                ["verification"],
                judge="llm",
                model=MODEL,
                base_url=server.url,
                wanted=Wanted((), sample=4),
            )
        assert sum(server.billed.values()) == 8
    assert shares(found) == {"base": 0.0, "distilled": 1.0}
    reasonlens.behaviors(study, ["verification"])
    agreed = reasonlens.agree(study, Asked(judge=MODEL, against="rules@1"))
    assert len(agreed.pairs) == 8
    assert agreed.disagreements.empty


def test_asking_stops_at_the_limit(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none0987654321zyxwvutsrq")
    with pytest.raises(CostLimitError, match=r"stopped at \$0\.0000: the next call could cost"):
        reasonlens.behaviors(study, ["verification"], judge="llm", max_cost=0.001)
    with pytest.raises(InputError, match="the price of 'brand-new' is not known"):
        reasonlens.behaviors(study, ["verification"], judge="llm", model="brand-new")


def test_what_does_not_go_together_is_said(study: Path) -> None:
    with pytest.raises(InputError, match="base_url is for a judge that asks a server; rules asks none"):
        reasonlens.behaviors(study, base_url="http://127.0.0.1:1/v1")
