"""Token bytes from tokenizer files, against the tokenizers' own decoding; the trie of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.bans.trie import trie_of
from reasonlens.bans.vocabulary import Vocabulary, from_json, of_tokenizer, read
from reasonlens.core.errors import InputError
from tests.bans.making import bpe, sentence_piece, text_of


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return bpe()


def test_joined_bytes_are_the_decoded_text(tokenizer: Any) -> None:
    vocabulary = of_tokenizer(tokenizer)
    assert len(vocabulary) == len(tokenizer) == 4094
    for seed in range(20):
        text = text_of(20, seed) + " é 等等 😀 <think>x</think>"
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert vocabulary.text(ids) == text


@given(st.lists(st.integers(0, 4093), max_size=12))
def test_any_tokens_are_decoded_as_by_the_tokenizer(ids: list[int]) -> None:
    tokenizer = bpe()
    assert of_small(tokenizer).text(ids) == tokenizer.decode(
        ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )


def of_small(tokenizer: Any, known: dict[int, Vocabulary] = {}) -> Vocabulary:  # noqa: B006
    return known.setdefault(id(tokenizer), of_tokenizer(tokenizer))


def test_special_tokens_add_nothing_and_other_added_ones_their_text(tokenizer: Any) -> None:
    vocabulary = of_tokenizer(tokenizer)
    assert vocabulary.special == {0: "<|endoftext|>", 1: "<|im_start|>"}
    assert vocabulary.tokens[0] == b""
    assert vocabulary.tokens[tokenizer.convert_tokens_to_ids("</think>")] == b"</think>"
    assert vocabulary.text([9999, -1]) == ""


def test_a_file_a_folder_and_a_loaded_tokenizer_are_one(tokenizer: Any, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    loaded = of_tokenizer(tokenizer)
    assert read(tmp_path).digest == read(tmp_path / "tokenizer.json").digest == loaded.digest
    assert of_tokenizer(tokenizer.backend_tokenizer).digest == loaded.digest
    assert len(loaded.digest) == 16


def test_digests_tell_vocabularies_apart() -> None:
    digests = {
        Vocabulary(tokens, special).digest
        for tokens, special in (
            ((b"a", b"b"), {}),
            ((b"ab", b""), {}),
            ((b"b", b"a"), {}),
            ((b"a", b"b", b""), {}),
            ((b"a", b"b", b""), {2: "<s>"}),
        )
    }
    assert len(digests) == 5


def test_sentence_piece_with_byte_fallback() -> None:
    vocabulary = from_json(sentence_piece())
    expected = (b"", b"\xe7", b" wait", b"wa", b"it", b" ", "等".encode(), b"<think>")
    assert vocabulary.tokens == expected
    assert vocabulary.special == {0: "<unk>"}


def test_unigram_vocabularies_are_lists() -> None:
    content = sentence_piece()
    content["model"]["vocab"] = [["<unk>", 0.0], ["\u2581a", -1.5]]
    content["added_tokens"] = []
    assert from_json(content).tokens == (b"<unk>", b" a")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no tokenizer can be read from .*; a ban needs a tokenizer.json"):
        read(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is no JSON file"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"is no tokenizer\.json that can be read \(at 'model'\)"):
        from_json({})
    pieces = {"model": {"vocab": {"a": 0}}, "decoder": {"type": "WordPiece"}}
    with pytest.raises(InputError, match=r"not known \(WordPiece\); bans know byte-level BPE"):
        from_json(pieces, "bert")
    with pytest.raises(InputError, match="needs a fast tokenizer"):
        of_tokenizer(object())
    assert json.dumps(pieces)


@given(st.lists(st.binary(max_size=4), max_size=30))
def test_a_trie_has_every_prefix_once(tokens: list[bytes]) -> None:
    trie = trie_of(tokens)
    texts: list[bytes] = []
    for parent, byte in zip(trie.parent.tolist(), trie.byte.tolist(), strict=True):
        texts.append((texts[parent] if parent >= 0 else b"") + bytes([byte]))
    assert sorted(texts) == sorted({t[:n] for t in tokens for n in range(1, len(t) + 1)})
    ordered = sorted(t for t in tokens if t)
    assert [tokens[i] for i in trie.ids.tolist()] == ordered
    for node, text in enumerate(texts):
        low, high, end = trie.row[node].tolist()
        assert ordered[low:high] == [t for t in ordered if t.startswith(text)]
        assert ordered[low:end] == [t for t in ordered if t == text]
        children = range(trie.child[node], trie.child[node + 1])
        assert [texts[c][:-1] for c in children] == [text] * len(children)
    assert np.all(np.diff(trie.levels) > 0)
