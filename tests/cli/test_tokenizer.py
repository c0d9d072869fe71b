"""Rates per 1,000 model tokens use the counts of the given tokenizer, or those of the source."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from reasonlens.cli import cli

transformers = pytest.importorskip("transformers")


def rates(*words: object) -> pd.DataFrame:
    out = CliRunner().invoke(cli, ["tokens", *(str(w) for w in words), "--category", "w=wait"])
    assert out.exit_code == 0, out.output
    return pd.read_csv(words[words.index("--out") + 1]).query("group == 'base' and contrast.isna()")


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    rows = [
        {"model": "m", "model_kind": "base", "problem": f"{i}?", "response": "wait ab", "n_tokens": 50}
        for i in range(4)
    ]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_the_given_tokenizer_counts(outputs: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"wait": 0, "a": 1, "b": 2, "?": 3}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Split(" ", "isolated")
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, unk_token="?").save_pretrained(
        tmp_path / "tok"
    )
    found = rates(
        outputs, "--per", "model-tokens", "--tokenizer", tmp_path / "tok", "--out", tmp_path / "r.csv"
    )
    # "wait", " ", "ab": three tokens, one of them a hit
    assert found["value"].tolist() == pytest.approx([1000 / 3])
    assert found["unit"].tolist() == ["per 1,000 model tokens"]


def test_without_one_the_source_counts(outputs: Path, tmp_path: Path) -> None:
    found = rates(outputs, "--per", "model-tokens", "--out", tmp_path / "r.csv")
    assert found["value"].tolist() == pytest.approx([1000 / 50])


def test_traces_without_a_count_are_left_out_and_counted(outputs: Path, tmp_path: Path) -> None:
    with outputs.open("a") as file:
        file.write(
            "\n" + json.dumps({"model": "m", "model_kind": "base", "problem": "9?", "response": "wait"})
        )
    found = rates(outputs, "--per", "model-tokens", "--out", tmp_path / "r.csv")
    assert found["value"].tolist() == pytest.approx([1000 / 50])
    assert found["excluded"].tolist() == [1]
    assert found["excluded_why"].tolist() == ["number of model tokens unknown: 1"]
