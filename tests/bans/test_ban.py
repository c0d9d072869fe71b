"""The specification of a ban, its handle, and what is kept on the disk."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import reasonlens.bans.compiled as module
from reasonlens.backends import BanHandle, Capabilities, carrier_of
from reasonlens.bans import Ban, Handle
from reasonlens.bans.compiled import cache_folder, compiled
from reasonlens.bans.handle import ARGUMENT
from reasonlens.bans.tables import ARRAYS
from reasonlens.bans.vocabulary import Vocabulary
from reasonlens.core.errors import BackendError, InputError

SMALL = Vocabulary((b" wait", b" Wait", b"await", b"wa", b"it", b"wait", b" x", b""), {7: "<|end|>"})


def test_names_say_what_is_banned() -> None:
    assert Ban(()).name == "sham"
    assert Ban(["wait"]).name == "ban wait"
    assert Ban(["a", "b", "c", "d"]).name == "ban a, b, c and 1 more"
    assert Ban(["wait"], mode="ids", penalty=-2).name == "ban wait (ids, -2)"
    assert Ban(["wait"], probability=0.5, phase="reasoning").name == "ban wait (p=0.5, reasoning)"
    assert Ban(["wait"], name="target").name == "target"


def test_the_digest_is_over_all_but_the_name() -> None:
    plain = Ban(["wait"])
    assert Ban(["wait"], name="other").digest == plain.digest
    others = [
        Ban(["Wait"]),
        Ban(["wait", "so"]),
        Ban(["wait"], mode="ids"),
        Ban(["wait"], penalty=-5),
        Ban(["wait"], probability=0.5),
        Ban(["wait"], phase="reasoning"),
        Ban(["wait"], phase="first_quarter", max_tokens=100),
        Ban(["wait"], phase="first_quarter", max_tokens=200),
        Ban(["wait"], match="substring"),
        Ban(["wait"], latex="skip"),
        Ban(["wait"], mode="ids", spare=["await"]),
    ]
    assert len({plain.digest, *(ban.digest for ban in others)}) == 12
    for ban in others:
        assert Ban.from_json(ban.to_json()) == ban
    assert Ban.from_json(plain.to_json()).penalty == -math.inf


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": "wait"}, "takes a list of words, not the text 'wait'"),
        ({"words": [""]}, "has no character"),
        ({"mode": "soft"}, "mode 'soft' of a ban is none of complete, boundary, ids, bad_words, logit_bias"),
        ({"phase": "late"}, "phase 'late' of a ban is none of all, reasoning, first_quarter"),
        ({"match": "regex"}, "match 'regex' of a ban is none of word, substring"),
        ({"latex": "no"}, "latex 'no' of a ban is none of count, skip"),
        ({"penalty": 1.0}, "penalty 1 of a ban is not 0 or less"),
        ({"penalty": math.nan}, "penalty nan of a ban"),
        ({"probability": 1.5}, "probability 1.5 of a ban is not from 0 to 1"),
        ({"phase": "first_quarter"}, "needs max_tokens, what it is a quarter of"),
        ({"mode": "bad_words", "probability": 0.5}, "is the engine's own and holds everywhere"),
        ({"mode": "logit_bias", "phase": "reasoning"}, "is the engine's own and holds everywhere"),
        ({"mode": "bad_words", "penalty": -5.0}, "'bad_words' has no penalty"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Ban(**{"words": ["wait"], **options})  # type: ignore[arg-type]


def test_the_first_quarter_is_rounded_up() -> None:
    assert Ban(["a"], phase="first_quarter", max_tokens=10).until == 3
    assert Ban(["a"]).until is None


@pytest.mark.parametrize("text", ["wait", "[]", '{"word": 1}', '{"words": 5}'])
def test_other_json_is_no_ban(text: str) -> None:
    with pytest.raises(InputError, match=r"this is no ban as Ban\.to_json writes it"):
        Ban.from_json(text)


def test_each_mode_has_its_carrier() -> None:
    for mode, carrier in (("complete", "processor"), ("ids", "processor"), ("bad_words", "bad_words")):
        handle = Ban(["wait"], mode=mode).bind()
        assert isinstance(handle, BanHandle)
        assert carrier_of(handle, Capabilities(("logit_bias", carrier), 0, "none"), "x") == carrier
    with pytest.raises(BackendError, match="it needs processor or words"):
        carrier_of(Ban(["wait"]).bind(), Capabilities(("bad_words", "logit_bias"), 0, "none"), "openai")


def test_arguments_are_one_string() -> None:
    ban = Ban(["wait", "d’accord"], penalty=-3.0)
    arguments = ban.bind().vllm_arguments()
    assert list(arguments) == [ARGUMENT] == ["reasonlens_ban"]
    assert Ban.from_json(arguments[ARGUMENT]) == ban


def test_bad_words_and_biases() -> None:
    ban = Ban(["wait", "verif*"], mode="bad_words")
    assert ban.bind().bad_words() == ["wait", "Wait", "WAIT", "verif", "Verif", "VERIF"]
    assert Ban(["wait"], mode="logit_bias").bind(SMALL).logit_bias() == {0: -100.0, 1: -100.0, 5: -100.0}
    assert Ban(["wait"], mode="logit_bias", penalty=-3).bind(SMALL).logit_bias() == {0: -3, 1: -3, 5: -3}


def test_a_ban_without_a_tokenizer_says_what_it_lacks() -> None:
    with pytest.raises(
        InputError, match=r"is not bound to a tokenizer, which its tables need; use ban\.bind"
    ):
        Ban(["wait"]).bind().hf_processor([[1]])
    with pytest.raises(InputError, match="which a bias on tokens needs"):
        Ban(["wait"], mode="logit_bias").bind().logit_bias()
    with pytest.raises(InputError, match="'bad_words' is the engine's own and has no tables"):
        Ban(["wait"], mode="bad_words").bind(SMALL).compiled()


def test_ids_are_every_token_with_the_word_in_it() -> None:
    tables = Ban(["wait"], mode="ids").bind(SMALL).compiled().tables
    assert tables.forbidden(tables.start()).tolist() == [0, 1, 2, 5]
    spared = Ban(["wait"], mode="ids", spare=["Await"]).bind(SMALL).compiled().tables
    assert spared.forbidden(spared.start()).tolist() == [0, 1, 5]


def test_substrings_take_words_that_have_them() -> None:
    tables = Ban(["wait"], match="substring").bind(SMALL).compiled().tables
    assert tables.forbidden(tables.start()).tolist() == [0, 1, 2, 5]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REASONLENS_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "_recent", {})
    return tmp_path / "bans"


def test_tables_are_kept_and_shared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder() == folder
    first = compiled(Ban(["wait"]), SMALL).tables
    assert [path.suffix for path in folder.iterdir()] == [".npz"]
    assert compiled(Ban(["wait"], name="x", penalty=-1, probability=0.5), SMALL).tables is first
    monkeypatch.setattr(module, "_recent", {})
    monkeypatch.setattr(module, "_compile", None)  # from the disk, or it fails
    again = compiled(Ban(["wait"]), SMALL).tables
    for name in ARRAYS:
        assert np.array_equal(getattr(again, name), getattr(first, name)), name
    assert (again.n_tokens, again.released) == (first.n_tokens, first.released)


def test_other_words_and_other_tokenizers_have_other_tables(folder: Path) -> None:
    other = Vocabulary((*SMALL.tokens, b"y"), {})
    for ban, vocabulary in (
        (Ban(["wait"]), SMALL),
        (Ban(["so"]), SMALL),
        (Ban(["wait"]), other),
        (Ban(["wait"], mode="boundary"), SMALL),
        (Ban(["wait"], phase="reasoning"), SMALL),
        (Ban(["wait"], latex="skip"), SMALL),
    ):
        compiled(ban, vocabulary)
    assert len(list(folder.iterdir())) == 6


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half", b"text"])
def test_a_damaged_file_is_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes) -> None:
    first = compiled(Ban(["wait"]), SMALL).tables
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage)
    monkeypatch.setattr(module, "_recent", {})
    assert np.array_equal(compiled(Ban(["wait"]), SMALL).tables.ids, first.ids)
    assert len(path.read_bytes()) == len(whole)


def test_a_folder_that_cannot_be_written_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REASONLENS_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(module, "_recent", {})
    assert compiled(Ban(["wait"]), SMALL).tables.n_states > 1


def test_the_public_names_are_those_of_the_package() -> None:
    import reasonlens.bans

    assert isinstance(Ban(["a"]).bind(), Handle)
    with pytest.raises(AttributeError, match="has no attribute 'Bann'"):
        _ = reasonlens.bans.Bann
