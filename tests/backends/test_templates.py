"""Prompt templates: what a model reads, byte by byte, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasonlens.backends import _templates
from reasonlens.backends._tokens import cut_at, end_ids, split_stops
from reasonlens.core.errors import DefinitionError, InputError, UnknownNameError
from reasonlens.text.problems import statement_from_prompt

BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
END = "<|im_end|>\n"
PROBLEM = "Find $\\frac{1}{2}$ of {x}."


class Tokenizer:
    """A tokenizer as far as templates go."""

    chat_template: str | None = "there is one"

    def apply_chat_template(self, turns: list[dict[str, str]], **settings: bool) -> str:
        assert settings == {"tokenize": False, "add_generation_prompt": True}
        return "".join(f"[{turn['role']}]{turn['content']}" for turn in turns) + "[assistant]"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "qwen25-math-cot",
            f"<|im_start|>system\n{BOXED}{END}<|im_start|>user\n{PROBLEM}{END}<|im_start|>assistant\n",
        ),
        (
            "r1",
            f"<｜begin▁of▁sentence｜><｜User｜>{PROBLEM}\n{BOXED}<｜Assistant｜><think>\n",
        ),
        ("plain", PROBLEM),
        ("simplerl-simple", f"Question:\n{PROBLEM}\nAnswer:\nLet's think step by step."),
    ],
)
def test_what_a_model_reads(name: str, text: str) -> None:
    prompt = _templates.load(name).render(PROBLEM)
    assert prompt.text == text
    assert prompt.messages is None


@pytest.mark.parametrize("name", _templates.names())
def test_each_template_holds_the_problem_and_says_where_it_is_from(name: str) -> None:
    template = _templates.load(name)
    prompt = template.render(PROBLEM)
    assert prompt.text.count(PROBLEM) == 1
    assert template.title
    assert template.source
    if prompt.text.startswith("<|im_start|>") and name != "dapo":
        assert statement_from_prompt(prompt.text) == PROBLEM, "readers find the problem in it again"


def test_a_chat_template_is_the_tokenizers_or_the_servers() -> None:
    template = _templates.load("chat-bare")
    assert template.render("2 + 2?", Tokenizer()).text == "[user]2 + 2?[assistant]"
    assert template.render("2 + 2?").messages == (("user", "2 + 2?"),)
    without = Tokenizer()
    without.chat_template = None
    with pytest.raises(
        InputError, match="has no chat template for --template chat-bare; name one that needs"
    ):
        template.render("2 + 2?", without)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("text = 'Solve: {problem}'\nstop = ['END']")
    template = _templates.load(str(path))
    assert (template.name, template.render("x").text, template.stop) == ("mine", "Solve: x", ("END",))
    before = template.digest
    path.write_text("title = 'other'\ntext = 'Solve: {problem}'\nstop = ['END']")
    assert _templates.load(str(path)).digest == before, "a title changes no prompt"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text = 'no hole'", "text must be a text with {problem}"),
        ("chat = true\ntext = '{problem}'", "user must be a text with {problem}"),
        ("chat = true\nuser = '{problem}'\ntext = 'a {problem}'", "has text and chat"),
        ("text = '{problem}'\nstops = ['a']", "unknown key 'stops'; known: chat, keep_stop"),
        ("text = '{problem}'\nstop = 'a'", "stop must be a list of texts"),
        ("text = ", "not TOML"),
    ],
)
def test_a_mistake_in_a_file_is_said(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(DefinitionError, match=message):
        _templates.load(str(path))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"no prompt template is named 'chta'. Did you mean 'chat'\?"):
        _templates.load("chta")
    with pytest.raises(UnknownNameError, match=r"no prompt template is named '../templates/chat'"):
        _templates.load("../templates/chat")


def test_stop_texts() -> None:
    class Known:
        eos_token_id = 2

        def get_added_vocab(self) -> dict[str, int]:
            return {"<|im_end|>": 5}

    assert split_stops(Known(), ["<|im_end|>", "<|other|>", "\nQ:"]) == ([5], ["\nQ:"])
    assert end_ids(Known(), [7, 2]) == [2, 7]
    assert end_ids(Known(), None) == [2]
    assert cut_at("one two three", ["three", "two"]) == ("one ", True)
    assert cut_at("a</answer>b", ["</answer>"], keep=True) == ("a</answer>", True)
    assert cut_at("one", ["two"]) == ("one", False)
