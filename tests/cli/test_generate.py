"""``reasonlens generate`` as it is typed: what it prints, keeps and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reasonlens.cli import cli
from reasonlens.cli._generate import duration, engine_options
from reasonlens.core.study import Study
from tests.backends.server import Habits, serving


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words])


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "toy.jsonl"
    rows = [{"problem": f"What is {i} + {i}?", "gold": str(2 * i)} for i in range(4)]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def fake(problems: Path, study: Path, *more: object) -> Result:
    return run(
        "generate", "--backend", "fake", "--model", "trial", "--problems", problems, "--study", study, *more
    )


def test_samples_are_drawn_kept_and_not_drawn_again(problems: Path, tmp_path: Path) -> None:
    out = fake(problems, tmp_path / "s", "-n", 3, "--kind", "distilled")
    assert out.exit_code == 0, out.output
    assert "4 problems of toy" in out.stderr
    row = next(line for line in out.stdout.splitlines() if line.startswith("baseline"))
    assert row.split() == ["baseline", "12", "0", "0", "0"]
    assert "tokens/s" in out.stdout
    assert f"Study: {tmp_path / 's'}. Next: reasonlens tokens {tmp_path / 's'}" in out.stdout
    again = fake(problems, tmp_path / "s", "-n", 4, "--kind", "distilled")
    row = next(line for line in again.stdout.splitlines() if line.startswith("baseline"))
    assert row.split() == ["baseline", "4", "12", "0", "0"]
    frame = Study(tmp_path / "s").traces()
    assert set(frame["model_kind"]) == {"distilled"}
    assert frame.groupby("problem")["sample"].nunique().to_list() == [4, 4, 4, 4]
    counted = run("tokens", tmp_path / "s")
    assert counted.exit_code == 0, counted.output


def test_the_answers_reach_the_fake_model(problems: Path, tmp_path: Path) -> None:
    out = fake(problems, tmp_path / "s", "--option", "accuracy=1", "--option", "spread=0")
    assert out.exit_code == 0, out.output
    frame = Study(tmp_path / "s").traces()
    assert [
        f"\\boxed{{{gold}}}" in text for gold, text in zip(frame["gold"], frame["answer"], strict=True)
    ] == [True] * 4


def test_a_server_that_fails_some_requests(problems: Path, tmp_path: Path) -> None:
    pytest.importorskip("openai")
    words = ["generate", "--backend", "openai", "--model", "made-up", "--problems", problems]
    with serving(Habits(fail={"What is 2 + 2?": 400})) as url:
        words += ["--study", tmp_path / "s", "--option", f"base_url={url}", "--option", "retries=0"]
        out = run(*words)
        strict = run(*words, "--strict")
    assert out.exit_code == 0, out.output
    assert "1 failed: the server said 400: cannot do What is 2 + 2?" in out.stderr
    assert "Running the same command again tries the failed ones once more." in out.stderr
    assert strict.exit_code == 1
    assert "--strict: 1 requests gave no sample" in strict.stderr
    frame = Study(tmp_path / "s").traces()
    assert len(frame) == 3
    assert "put your final answer within \\boxed{}" in frame["prompt"].iloc[0], "as a chat"


def test_a_tiny_model_is_drawn_from(problems: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from tests.backends.tiny_model import make_model

    model = make_model(tmp_path / "tiny")
    words = ["generate", "--model", model, "--problems", problems, "--study", tmp_path / "s"]
    out = run(
        *words,
        "--max-tokens",
        30,
        "--logprobs",
        5,
        "-n",
        2,
        "--option",
        "device=cpu",
        "--option",
        "threads=1",
    )
    assert out.exit_code == 0, out.output
    frame = Study(tmp_path / "s").traces()
    assert set(frame["model"]) == {"tiny"}
    assert frame["n_model_tokens"].max() <= 30
    assert frame["prompt"].iloc[0].startswith("<|im_start|>user\nWhat is 0 + 0?")
    assert json.loads(frame["decoding"].iloc[0])["entropy"]["mean"] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--template", "chta"], "no prompt template is named 'chta'. Did you mean 'chat'?"),
        (["--option", "batch"], "'batch' is not KEY=VALUE, for instance --option batch_size=16"),
        (["--option", "speed=3"], "the backend 'fake' has no option 'speed'; it has answers, accuracy"),
        (["--temperature", "9"], "temperature 9.0 is not between 0 and 5"),
        (["--backend", "vlm"], "no backend is named 'vlm'. Did you mean 'vllm'?"),
        (["--problems", "aime24"], "the problems of aime24 are not shipped"),
        (["-n", "0"], "0 samples per problem"),
    ],
)
def test_mistakes_get_one_clear_sentence(
    problems: Path, tmp_path: Path, words: list[Any], message: str
) -> None:
    out = fake(problems, tmp_path / "s", *words)
    assert out.exit_code == 1, out.output
    assert message in out.stderr
    assert "Traceback" not in out.output
    assert not (tmp_path / "s").exists(), "nothing was begun"


def test_a_missing_engine_has_its_install_line(problems: Path, tmp_path: Path) -> None:
    from importlib.util import find_spec

    if find_spec("vllm"):
        pytest.skip("vLLM is installed here")
    out = fake(problems, tmp_path / "s", "--backend", "vllm")
    assert out.exit_code == 1
    assert "needs the package 'vllm': pip install 'reasonlens[vllm]'" in out.stderr


def test_small_things() -> None:
    assert engine_options(("a=1", "b-c=true", "d=x=y", "e=0.5", 'f=["m:C"]')) == {
        "a": 1,
        "b_c": True,
        "d": "x=y",
        "e": 0.5,
        "f": ["m:C"],
    }
    assert [duration(s) for s in (5, 89, 100, 5000, 20000, float("nan"))] == [
        "5 s",
        "89 s",
        "2 min",
        "83 min",
        "5 h 33 min",
        "?",
    ]
