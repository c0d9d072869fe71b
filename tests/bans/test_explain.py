"""What a ban covers with a tokenizer: spellings against counting them out, tokens and words by hand."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.bans.ban import Ban
from reasonlens.bans.explain import Word, encoder_of, explain
from reasonlens.bans.spellings import Spellings
from reasonlens.bans.static import containing, exactly
from reasonlens.bans.vocabulary import Vocabulary, of_tokenizer
from reasonlens.core.errors import InputError
from tests.bans.making import bpe, vocabularies

_VOCAB = [
    *(
        "w",
        "a",
        "i",
        "t",
        "e",
        "r",
        "s",
        "b",
        "u",
        "x",
        " ",
        "T",
        "W",
        ".",
        "n",
        "d",
        "wa",
        "it",
        "wait",
        " wait",
    ),
    *(" wai", " w", "er", " await", "await", "waiter", "but", " but", "but t", " butter", "er,", "waits"),
]


def whole(text: str) -> str:
    return text.replace(" ", "\u0120")


def small_tokenizer() -> Any:
    """Return a tokenizer that takes the longest of these tokens that comes next (unigram of length)."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    scores = [(whole(t), -100.0 if t == " " else float(-10 + len(t) ** 2)) for t in _VOCAB]
    tokenizer = Tokenizer(models.Unigram(scores, 0))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


@pytest.fixture(scope="module")
def found() -> Any:
    return explain(Ban(["wait", "but"]), small_tokenizer())


def texts(ids: tuple[int, ...]) -> set[str]:
    return {_VOCAB[i] for i in ids}


def word(found: Any, name: str) -> Word:
    (one,) = [w for w in found.words if w.word == name]
    return one


def test_tokens_forbidden_everywhere_and_at_the_start(found: Any) -> None:
    assert texts(word(found, "wait").always) == {" wait"}
    assert texts(word(found, "wait").at_start) == {"wait"}
    assert texts(word(found, "but").always) == {" but"}
    assert texts(word(found, "but").at_start) == {"but", "but t"}
    assert (found.n_tokens, found.tokenizer) == (len(_VOCAB), "tokenizer")


def test_other_words_are_lost_or_kept(found: Any) -> None:
    assert word(found, "wait").lost == ("waiter", "waits")  # " wait" and "er": there is no " waiter"
    assert word(found, "wait").kept == ("await",)
    assert (word(found, "but").lost, word(found, "but").kept) == ((), ("butter",))


def test_modes_side_by_side(found: Any) -> None:
    rows = {mode.mode: mode for mode in found.modes}
    total = found.spellings
    assert list(rows) == ["complete", "boundary", "ids", "bad_words", "logit_bias"]
    assert (rows["complete"].n_tokens, rows["complete"].n_left) == (5, 0)
    assert set(rows["complete"].lost) == {"waiter", "waits"}
    assert rows["boundary"].lost == ()
    assert rows["ids"].n_tokens == 10
    assert set(rows["ids"].lost) == {"await", "butter", "waiter", "waits"}
    assert rows["logit_bias"].n_tokens == 4
    assert rows["logit_bias"].n_left == rows["ids"].n_left == total - 4
    assert 0 < rows["bad_words"].n_left < total
    assert set(rows["bad_words"].lost) == {"waiter", "waits"}


def test_the_shortest_spellings_come_first(found: Any) -> None:
    assert word(found, "wait").examples[:3] == (("wait",), (" wait",), ("wa", "it"))


def test_a_tokenizer_in_every_form_is_explained_alike(tmp_path: Path) -> None:
    tokenizer = bpe()
    tokenizer.save_pretrained(tmp_path)
    ban = Ban(["wait", "let me"])
    forms = [tokenizer, tokenizer.backend_tokenizer, tmp_path, str(tmp_path / "tokenizer.json")]
    results = [explain(ban, form) for form in forms]
    assert len({(r.words, r.modes) for r in results}) == 1
    assert results[0].words[0].spellings > 20
    assert results[0].tables["states"] > 5
    assert encoder_of(tmp_path)("wait a") == tokenizer.encode("wait a", add_special_tokens=False)


def test_nothing_to_explain_is_said() -> None:
    with pytest.raises(InputError, match="give a path or a loaded tokenizer"):
        explain(Ban(["wait"]), None)


@given(vocabularies(), st.sampled_from(["wait", "so", "on", "wa it"]), st.data())
@settings(max_examples=80)
def test_spellings_are_those_that_can_be_counted_out(
    vocabulary: Vocabulary, wanted: str, data: st.DataObject
) -> None:
    without = set(data.draw(st.lists(st.integers(0, len(vocabulary) - 1), max_size=3)))
    pieces = [i for i, token in enumerate(vocabulary.tokens) if token and len(token) <= len(wanted) + 2]
    pieces = [i for i in pieces if _fits(vocabulary.tokens[i], wanted) and i not in without]
    n = 0
    for size in range(1, len(wanted) + 1):
        for ids in itertools.product(pieces, repeat=size):
            text = spelled(vocabulary.text(ids))
            spaced = not vocabulary.tokens[ids[0]].isspace()
            n += text == wanted or (text == " " + wanted and spaced)
    assert Spellings(vocabulary, [wanted]).count(wanted, without) == n


def spelled(text: str) -> str:
    return text.lower().replace("\u017f", "s").replace("\n", " ")


def _fits(token: bytes, wanted: str) -> bool:
    return spelled(token.decode("utf-8", "replace")) in " " + wanted


def test_fixed_sets_of_tokens() -> None:
    vocabulary = of_tokenizer(small_tokenizer())
    assert texts(tuple(containing(["wait"], vocabulary))) == {
        "wait",
        " wait",
        " await",
        "await",
        "waiter",
        "waits",
    }
    assert texts(tuple(exactly(["wait*", "T"], vocabulary))) == {"wait", " wait", "t", "T"}
