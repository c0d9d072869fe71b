"""Counts by pieces are the tokenizer's own, and tokenizers for which that is not so are left alone."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reasonlens.text.token_pieces import _MOST, Pieces, can_be_cut

tokenizers = pytest.importorskip("tokenizers")

_SHORT, _BLANK = "(?i:'s|'t|'re|'ve|'m|'ll|'d)", r"\s*[\r\n]+|\s+(?!\S)|\s+"
_HEAD, _TAIL = _SHORT + r"|[^\r\n\p{L}\p{N}]?\p{L}+|", r"| ?[^\s\p{L}\p{N}]+[\r\n]*|" + _BLANK
QWEN, LLAMA = _HEAD + r"\p{N}" + _TAIL, _HEAD + r"\p{N}{1,3}" + _TAIL
MARKS = _SHORT + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + _BLANK
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + _BLANK
)
DEEPSEEK = (
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"| ?[\p{P}\p{S}]+[\r\n]*|" + _BLANK,
)
ADDED = ["<think>", "</think>", "nk>wait", "<|im_end|>"]
WORDS = [
    *(
        "wait",
        " wait",
        " so",
        "12",
        "123",
        "\n\n",
        ".\n",
        "  ",
        "   ",
        " (",
        "((",
        "(wa",
        "'s",
        "'S",
        "'ll",
        "wa",
    ),
    *("ait", "\u0301", ' "', "é", "\t(", " \n", "\n ", "\\(", "²", " 1", "1²", ".\n/", "don't"),
]


def _tokenizer(patterns: Sequence[str] | None, normalizer: Any = None, **level: Any) -> Any:
    """Byte-level BPE with merges for the parts of WORDS, so that counts depend on how a text is split."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers

    vocabulary = {token: i for i, token in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = []
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for word in WORDS:
        text = spell.pre_tokenize_str(word)[0][0]
        for end in range(2, len(text) + 1):
            pair = (text[: end - 1], text[end - 1])
            if "".join(pair) not in vocabulary:
                vocabulary["".join(pair)] = len(vocabulary)
                merges.append(pair)
    made = Tokenizer(models.BPE(vocabulary, merges))
    options = {"add_prefix_space": False, "use_regex": patterns is None, **level}
    last = pre_tokenizers.ByteLevel(**options)
    if patterns is None:
        made.pre_tokenizer = last
    else:
        splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
        made.pre_tokenizer = pre_tokenizers.Sequence([*splits, last])
    if normalizer:
        made.normalizer = normalizer
    made.add_special_tokens([AddedToken(text, normalized=False) for text in ADDED])
    return made


def _kinds() -> dict[str, Any]:
    from tokenizers import normalizers

    written_out = tuple(pattern.replace(r"\r", "\r").replace(r"\n", "\n") for pattern in DEEPSEEK)
    return {
        "gpt2": _tokenizer(None),
        "qwen": _tokenizer([QWEN], normalizers.NFC()),
        "qwen3.5": _tokenizer([MARKS], normalizers.NFC()),
        "llama": _tokenizer([LLAMA]),
        "o200k": _tokenizer([O200K]),
        "deepseek": _tokenizer(written_out, normalizers.Sequence([])),
    }


_KINDS = _kinds()
_PIECES = {name: Pieces(made) for name, made in _KINDS.items()}
_TEXTS = st.lists(
    st.sampled_from(
        [
            *WORDS,
            *ADDED,
            *" \n\t\r\v\x1c\0\u3000\u00a0\x85等，½ſ\u212a\u037e-e7=<|>/'sT",
            "\u0338",
            "\U0001f600",
        ]
    )
    | st.text(max_size=3),
    max_size=30,
).map("".join)


def _own(made: Any, texts: list[str]) -> list[int]:
    return [len(each) for each in made.encode_batch(texts, add_special_tokens=False)]


@pytest.mark.parametrize("kind", list(_KINDS))
@settings(max_examples=400)
@given(texts=st.lists(_TEXTS, max_size=4))
@example(texts=["wait  wait \n wait\n wait. \n\n so", " wait", "wait ", "a <think> b </think>\n c"])
def test_counts_are_the_tokenizers_own(kind: str, texts: list[str]) -> None:
    assert can_be_cut(_KINDS[kind])
    assert _PIECES[kind].count(texts) == _own(_KINDS[kind], texts)


@pytest.mark.parametrize("kind", list(_KINDS))
@settings(max_examples=400)
@given(text=_TEXTS)
@example(text="don't (a.\n/'s /b.\n//(c ./'d\n/'e 's\n''s  ,5 \n/f")
@example(text="a  (b)( 5\t(c \n\n  d'll'S ''s .\n\n- 12")
def test_pieces_are_split_as_the_text_is(kind: str, text: str) -> None:
    text = re.sub("|".join(map(re.escape, ADDED)), "", text)

    def parts(text: str) -> list[str]:
        return [part for part, _ in _KINDS[kind].pre_tokenizer.pre_tokenize_str(text)]

    pieces = _PIECES[kind]._cut([text.encode()])[0].to_pylist()
    assert [part for piece in pieces[:-1] for part in parts(piece.decode())] == parts(text)


@pytest.mark.parametrize(
    ("kind", "number"),
    [("qwen", ["1", "2", "}", " ", "3"]), ("llama", ["12", "}", " ", "3"]), ("gpt2", ["12", "}", " 3"])],
)
def test_pieces_are_small(kind: str, number: list[str]) -> None:
    text = "So \\(x_{12} 3\\), (see 'em):\n\n  - we're. "
    pieces = [piece.decode() for piece in _PIECES[kind]._cut([text.encode()])[0].to_pylist()[:-1]]
    rest = ["\\),", " (", "see", " '", "em", "):\n\n ", " -", " we", "'re", ".", " "]
    assert pieces == ["So", " \\(", "x", "_{", *number, *rest]


def test_tokens_that_are_found_after_normalization() -> None:
    made = _tokenizer([QWEN], tokenizers.normalizers.NFC())
    made.add_tokens([tokenizers.AddedToken("(wait", normalized=True)])
    assert can_be_cut(made)
    texts = ["so (wait (wait(wait", "(waite\u0301"]
    assert Pieces(made).count(texts) == _own(made, texts) == [7, 2]
    made.add_tokens([tokenizers.AddedToken("9K", normalized=True)])  # "9\u212a" is one, too
    assert not can_be_cut(made)


@pytest.mark.parametrize("normalized", [False, True])
def test_tokens_that_overlap(normalized: bool) -> None:
    made = _tokenizer([QWEN])
    made.add_tokens([tokenizers.AddedToken(text, normalized=normalized) for text in ("(wait", "(wait)1-2")])
    made.add_tokens([tokenizers.AddedToken("wait)3-4", normalized=False)])  # searched for in the first round
    texts = ["so (wait)1-2 wait", "so (wait)3-4 wait"]
    assert Pieces(made).count(texts) == _own(made, texts)


def test_lone_surrogates_are_replaced_as_readers_do() -> None:
    assert _PIECES["llama"].count(["a\ud800b", ""]) == _own(_KINDS["llama"], ["a\ufffdb", ""]) == [5, 0]


def test_real_traces(shared_data: Path) -> None:
    texts = []
    for path in sorted((shared_data / "traces").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            texts += [json.loads(line)["response"] or "" for line, _ in zip(lines, range(8), strict=False)]
    for made in _KINDS.values():
        assert Pieces(made).count(texts) == _own(made, texts)


def test_memory_is_bounded_without_effect() -> None:
    pieces, text = Pieces(_KINDS["qwen"]), "wait 7 wait. 7" + 40 * "é"
    pieces._known = dict.fromkeys((b"%d" % -n for n in range(1, _MOST + 1)), 99)
    for _ in range(2):
        assert pieces.count([text]) == _own(_KINDS["qwen"], [text])
        assert sorted(pieces._known) == [b" ", b" wait", b".", b"7", b"wait", b"\xff"]


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.enable_truncation(5),
        lambda made: made.enable_padding(),
        lambda made: setattr(made, "normalizer", tokenizers.normalizers.Lowercase()),
        lambda made: setattr(made, "pre_tokenizer", tokenizers.pre_tokenizers.Metaspace()),
        lambda made: setattr(made, "pre_tokenizer", tokenizers.pre_tokenizers.ByteLevel()),  # adds a space
        lambda made: made.add_tokens([tokenizers.AddedToken("so that")]),
        lambda made: made.add_tokens([tokenizers.AddedToken("so", lstrip=True)]),
        lambda made: setattr(made, "model", tokenizers.models.WordLevel({"a": 0}, unk_token="a")),
        lambda made: setattr(made.model, "dropout", 0.5),
    ],
)
def test_others_are_left_alone(change: Any) -> None:
    made = _tokenizer(None)
    change(made)
    assert not can_be_cut(made)


def test_an_expression_that_is_not_known_is_left_alone() -> None:
    assert not can_be_cut(_tokenizer([r"\w+| +"]))
