"""Token counts are the tokenizer's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasonlens.core.errors import InputError
from reasonlens.text import model_tokens

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A byte-level BPE in which *wait*, its beginnings and every other byte are one token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("w", "a"), ("wa", "i"), ("wai", "t")]
    vocabulary = {token: i for i, token in enumerate([*alphabet, "wa", "wai", "wait"])}
    made = Tokenizer(models.BPE(vocabulary, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    folder = tmp_path_factory.mktemp("tokenizer")
    transformers.PreTrainedTokenizerFast(tokenizer_object=made).save_pretrained(folder)
    return str(folder)


def test_counts_by_hand(tokenizer: str) -> None:
    # "wait" 1; " wait" a space and 1; "é" two bytes; "" none
    assert model_tokens.count(["wait", "wait wait", "wat", "é", ""], tokenizer) == [1, 3, 2, 2, 0]


def test_other_tokenizers_count_whole_texts(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"wait": 0, "?": 1}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=made).save_pretrained(tmp_path)
    assert model_tokens.count(["wait, wait", "", "so \ud800"], str(tmp_path)) == [3, 0, 2]


def test_an_unknown_tokenizer_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no tokenizer could be loaded from .*tokenizer\.json"):
        model_tokens.count(["x"], str(tmp_path))
