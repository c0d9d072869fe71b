"""``reasonlens ban-ablation``: the run, the plan, the explanation, and what is refused."""

from __future__ import annotations

import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reasonlens import Study
from reasonlens.calls import Request
from reasonlens.cli import cli
from tests.calls.fake_server import MODEL, FakeServer, serving
from tests.judges.fake_models import honest, read_question


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["ban-ablation", *(str(w) for w in words)])


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "made.jsonl"
    rows = [{"problem": f"What is {i} plus {i}?", "answer": str(2 * i)} for i in range(1, 9)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_run_prints_what_it_found(problems: Path, tmp_path: Path) -> None:
    words = ["--backend", "fake", "--model", "trial", "--problems", problems, "--template", "plain", "-n", 4]
    result = run(*words, "--ban", "wait,but", "--controls", 2, "--study", tmp_path / "s")
    assert result.exit_code == 0, result.output
    assert "No leaks: none of the banned words stands in any output of" in result.output
    assert "Against the baseline (accuracy" in result.output
    for name in ("repeat", "sham", "placebo", "target", "without-wait", "dose-1"):
        assert f"\n{name} " in result.output
    assert "(descriptive: fewer than 19 sets)" in result.output
    assert "Compensation: hits per 1,000 words" in result.output
    assert re.search(
        r"Dose by frequency: p \S+ that accuracy falls with each further word \(Page's", result.output
    )
    again = run(*words, "--ban", "wait,but", "--controls", 2, "--study", tmp_path / "s")
    assert again.output.splitlines()[1:] == result.output.splitlines()[1:]


def test_a_change_that_rounds_to_nothing_has_no_sign() -> None:
    from reasonlens.cli._ban_tables import _points

    assert _points({"value": -1e-9, "low": -0.0004, "high": 0.0004}) == "+0.0 [+0.0, +0.0]"
    assert _points({"value": -0.001, "low": math.nan, "high": math.nan}) == "-0.1"


def test_behaviors_are_compared(problems: Path, tmp_path: Path) -> None:
    words = ["--backend", "fake", "--model", "trial", "--problems", problems, "--template", "plain", "-n", 4]
    words += ["--ban", "wait,but", "--controls", 0, "--no-doses", "--no-leave-in", "--study", tmp_path / "s"]
    spec = tmp_path / "e.toml"
    result = run(*words, "--behaviors", "rules", "--write-spec", spec)
    assert result.exit_code == 0, result.output
    assert "Behaviors under the ban, by rules@1:" in result.output
    assert "\nmetacognitive_awareness  wait, but  " in result.output
    assert "In no response, with or without the ban: backtracking, " in result.output
    assert (
        "cues: banned words that stand in the cues by which this judge finds the behavior." in result.output
    )
    assert tomllib.loads(spec.read_text("utf-8"))["behaviors"] == "rules"
    other = run(*words, "--behaviors", "llm")
    assert other.exit_code == 1
    assert "has no labels of a judge 'llm' (it has those of rules@1)" in other.output
    early = run(*words[:-1], tmp_path / "new", "--behaviors", "llm")
    assert "has no labels of a judge 'llm' (it has none)" in early.output
    assert not list((tmp_path / "new").glob("traces/*"))  # before anything is drawn
    hard = run(*words[:-1], tmp_path / "new", "--difficulty-from", f"{tmp_path / 's'}:nobody")
    assert "--difficulty-from: " in hard.output
    assert "has no traces of 'nobody'; it has trial" in hard.output
    assert not list((tmp_path / "new").glob("traces/*"))


def test_a_plan_draws_nothing(problems: Path) -> None:
    words = ["--backend", "fake", "--model", "trial", "--problems", problems, "-n", 16, "--plan"]
    result = run(*words, "--ban", "wait,but,perhaps", "--controls", 5, "--max-tokens", 1000)
    assert result.exit_code == 0, result.output
    # baseline, repeat, sham, placebo, target, three with one left in, five controls, doses of one and two
    assert "15 arms x 8 problems x 16 samples = 1,920 traces" in result.output
    assert "At most 1,920,000 tokens: 16 min at 2,000 tokens/s (--tokens-per-second)" in result.output
    assert "0.27 GPU-hours on 1 GPU (--gpus)" in result.output  # 960 s
    four = run(*words, "--ban", "wait", "--max-tokens", 32768, "--tokens-per-second", 4096, "--gpus", 4)
    # 24 arms (19 controls) x 8 x 16 x 32,768 tokens at 4,096 a second: 24,576 s on each of four
    assert "6 h 50 min at 4,096 tokens/s (--tokens-per-second), 27 GPU-hours on 4 GPUs" in four.output
    assert "Smallest difference in accuracy found with 80% power:" in result.output
    assert "Fewer than 19 control sets" in result.output


def test_an_explanation_needs_no_model(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(["wait await waiter but button wait, Wait But"] * 50, trainer)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    result = run("--explain", "--tokenizer", tmp_path / "tokenizer.json", "--ban", "wait,but")
    assert result.exit_code == 0, result.output
    assert "Tokens forbidden outright" in result.output
    assert "complete: sound: no tokenization of a banned word is left (the default)." in result.output
    assert "word    text" in result.output
    assert '" wait"' in result.output  # the space in front is seen


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "m"], "name what to ban, for instance --ban wait,perhaps,alternatively,but"),
        (["--ban", "wait"], "name --model, or ask for --explain"),
        (["--ban", "wait", "--model", "m"], "name --problems, or ask for --explain"),
        (["--ban", "wait", "--explain"], "--explain needs --tokenizer FOLDER"),
        (["--ban-category", "flexible_reasoning:nothing", "--explain"], "no category is named 'nothing'"),
    ],
)
def test_what_is_missing_is_named(words: list[str], message: str) -> None:
    result = run(*words)
    assert result.exit_code == 1
    assert message in result.output


def test_a_spec_says_the_same_as_options(problems: Path, tmp_path: Path) -> None:
    words = ["--backend", "fake", "--model", "trial", "--problems", problems, "-n", 16, "--plan"]
    words += [
        "--ban",
        "wait,but",
        "--no-leave-in",
        "--penalty",
        5,
        "--probability",
        0.5,
        "--phase",
        "reasoning",
    ]
    spec = tmp_path / "experiment.toml"
    by_hand = run(*words, "--write-spec", spec)
    assert by_hand.exit_code == 0, by_hand.output
    kept = tomllib.loads(spec.read_text("utf-8"))
    assert kept["problems"] == [str(problems)]
    assert (kept["ban"], kept["penalty"], kept["probability"]) == ("wait,but", 5.0, 0.5)
    assert (kept["leave-in"], kept["phase"], kept["samples"]) == (False, "reasoning", 16)
    assert run("--spec", spec, "--plan").output == by_hand.output.replace(f"Spec: {spec}\n", "")
    assert "x 3 samples" in run("--spec", spec, "--plan", "-n", 3).output  # the command line wins


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('bans = "wait"', "no option is called 'bans'; did you mean ban"),
        ('zzzz = "wait"', "no option is called 'zzzz'; known are backend, ban, ban-category"),
        ('samples = "many"', "samples = 'many': 'many' is not a valid integer"),
        ("probability = 2", "probability = 2: 2.0 is not in the range"),
        ("ban = ", "is no TOML"),
    ],
)
def test_a_wrong_spec_is_refused(text: str, message: str, tmp_path: Path) -> None:
    spec = tmp_path / "e.toml"
    spec.write_text(text, "utf-8")
    result = run("--spec", spec)
    assert result.exit_code == 1
    assert message in result.output
    assert "cannot be read" in run("--spec", tmp_path / "none.toml").output


def test_a_soft_ban_is_no_leak(problems: Path, tmp_path: Path) -> None:
    words = ["--backend", "fake", "--model", "trial", "--problems", problems, "--template", "plain", "-n", 2]
    words += ["--ban", "wait,but", "--controls", 0, "--study", tmp_path / "s", "--penalty", 0.5]
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert "The ban is soft (a penalty, a probability or a phase)" in result.output
    assert "LEAKS" not in result.output


def test_behaviors_of_a_judge_that_is_a_model(
    problems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draw, let a served model judge what was drawn, and compare what it said."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0000")
    study = tmp_path / "s"
    words = ["--backend", "fake", "--model", "trial", "--problems", problems, "--template", "plain", "-n", 4]
    words += ["--ban", "wait,but", "--controls", 2, "--no-doses", "--no-leave-in", "--study", study]
    assert run(*words).exit_code == 0

    def reply(messages: list[dict[str, str]], schema: dict[str, Any] | None) -> str:
        pairs = tuple((m["role"], m["content"]) for m in messages[:2])
        found = honest(Request(pairs, schema))
        _, _, body, _ = read_question(Request(pairs, schema))
        quotes = re.findall(r"(?i)\b(?:wait|maybe)\b[^.]*\.?", body)[:3]
        found["behaviors"]["backtracking"] |= {
            "quotes": quotes,
            "verdict": "present" if quotes else "absent",
        }
        return json.dumps(found)

    with serving(FakeServer(reply=reply)) as server:
        asked = ["behaviors", str(study), "--judge", "llm", "--base-url", server.url, "--model", MODEL]
        judged = CliRunner().invoke(cli, [*asked, "-b", "verification", "-b", "backtracking"])
    assert judged.exit_code == 0, judged.output
    result = run(*words, "--behaviors", MODEL)
    assert result.exit_code == 0, result.output
    assert f"Behaviors under the ban, by {MODEL}: share of responses" in result.output
    assert "cues" not in result.output  # those are of the offline judge
    labels = Study(study).read("labels", "response", MODEL, "backtracking").to_pandas()
    traces = Study(study).traces(["trace_id", "condition", "problem_id"])
    merged = labels.merge(traces, on="trace_id")
    shares = merged.assign(hit=merged["verdict"].astype("str") == "present").pivot_table(
        index="problem_id", columns="condition", values="hit", observed=True
    )
    effects = Study(study).read("effects").to_pandas()
    mine = effects[effects["measure"] == f"{MODEL}/backtracking/presence"].set_index("arm")
    assert mine.loc["target", "value"] == pytest.approx((shares["target"] - shares["baseline"]).mean())
    assert mine.loc["target", "value"] < 0
    assert len(mine) == shares.shape[1] - 1
