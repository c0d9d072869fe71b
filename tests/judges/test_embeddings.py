"""Vectors of sentences from a model that the test builds, and local judges that learn from them."""

from __future__ import annotations

import fnmatch
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reasonlens.core.errors import InputError, MissingExtraError
from reasonlens.judges import Settings, load_codebook, local
from reasonlens.judges._embeddings import Encoder, encoder_again, load_encoder
from reasonlens.judges._local_model import LocalModel, load_model, save_model
from reasonlens.judges._local_sentences import Labelled
from reasonlens.judges._local_train import fit
from tests.judges.tiny_encoder import SIGNS, save_encoder

pytest.importorskip("torch")
pytest.importorskip("transformers")

SENTENCES = ("Let me check that again.", "So the sum is 12.", "Hence x = 5.")
LONG = "let me check the sum again , then multiply by 3 so we can count the balls in another way . " * 3
BOOK = load_codebook("verification")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("encoder") / "model")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return load_encoder(str(folder))


def by_hand(folder: Path, text: str, window: int = 24) -> np.ndarray:
    """One sentence after the other, window after window, with the classes of the model itself."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.BertModel.from_pretrained(folder).eval()
    ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    rows = []
    for at in range(0, len(ids), window - 2):
        piece = [tokenizer.cls_token_id, *ids[at : at + window - 2], tokenizer.sep_token_id]
        with torch.no_grad():
            rows.append(model(torch.tensor([piece])).last_hidden_state[0].double().numpy())
    mean = np.vstack(rows).mean(axis=0)
    return np.asarray(mean / np.sqrt((mean**2).sum()))


def test_a_vector_is_the_mean_over_tokens_of_length_one(folder: Path, encoder: Encoder) -> None:
    texts = [*SENTENCES, LONG, "So.", *SENTENCES]  # the long one takes three windows
    found = encoder(texts)
    assert found.shape == (8, 16)
    for text, vector in zip(texts, found, strict=True):
        assert vector == pytest.approx(by_hand(folder, text), abs=1e-5)
    assert not np.allclose(found[3], by_hand(folder, LONG[:60]), atol=1e-3)  # its end counts, too


def test_batches_change_nothing(encoder: Encoder) -> None:
    texts = [" ".join(np.random.default_rng(i).choice(SIGNS, 1 + i % 9)) for i in range(100)]
    shares: list[float] = []
    found = encoder(texts, shares.append)
    assert sum(shares) == pytest.approx(1)
    assert len(shares) == 4
    for i in (0, 31, 57, 99):
        assert found[i] == pytest.approx(encoder([texts[i]])[0], abs=1e-5)
    assert encoder([]).shape == (0, 16)


def signs(problems: int = 25) -> Labelled:
    """Sentences of signs that no other problem has; those of one meaning show the behavior."""
    rng, texts, gold = np.random.default_rng(3), [], []
    for p in range(problems):
        mine = SIGNS[16 * p : 16 * p + 16]
        shown = rng.random(10) < 0.4
        texts.append([" ".join(rng.choice(mine[int(not s) :: 2], 4)) for s in shown])
        gold.append(shown[:, None].astype(float))
    return Labelled.of_texts(texts, gold, list(range(problems)))


def test_vectors_tell_what_words_cannot(encoder: Encoder) -> None:
    data = signs()
    shown = data.gold[:, 0] == 1
    alone = fit(data).said[:, 0]
    helped = fit(replace(data, vectors=encoder(data.sentences))).said[:, 0]
    assert abs(alone[shown].mean() - alone[~shown].mean()) < 0.25  # sensitivity + specificity - 1
    assert helped[shown].mean() - helped[~shown].mean() > 0.95


@pytest.fixture(scope="module")
def model(encoder: Encoder) -> LocalModel:
    data = signs()
    fitted = fit(replace(data, vectors=encoder(data.sentences)))
    about = {"name": BOOK.name, "version": BOOK.version, "digest": BOOK.digest, "error": []}
    weights = (fitted.weights, fitted.intercept, fitted.threshold, fitted.idf)
    return LocalModel("vectors", (about,), fitted.words, fitted.chars, *weights, embeddings=encoder.about())


@pytest.fixture
def saved(model: LocalModel, tmp_path: Path) -> Path:
    save_model(model, tmp_path / "vectors.npz")
    return tmp_path / "vectors.npz"


def test_a_saved_judge_loads_its_vectors_again(saved: Path, model: LocalModel, encoder: Encoder) -> None:
    even, odd = SIGNS[-2::-2][:4], SIGNS[-1::-2][:4]  # signs that it did not learn from
    text = f"{' '.join(even)}. {' '.join(odd)}. {' '.join(even[::-1])}."
    judge = local.make(Settings(str(saved)))
    (label,) = next(iter(judge.judge([text], [BOOK])))
    assert (label.verdict, label.count) == ("present", 2)
    assert [q.surface for q in label.quotes] == [f"{' '.join(even)}.", f"{' '.join(even[::-1])}."]
    pieces = [q.surface for q in label.quotes]
    again = load_model(saved)
    assert again.embeddings == encoder.about()
    assert np.array_equal(again.chances(pieces, encoder(pieces)), model.chances(pieces, encoder(pieces)))
    (label,) = next(iter(judge.judge([""], [BOOK])))
    assert label.verdict == "absent"


def test_the_same_files_elsewhere_are_the_same_model(saved: Path, folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    (moved / "README.md").write_text("not a part of the model")
    judge = local.make(Settings(str(saved), None, {"embeddings": str(moved)}))
    assert judge.name == "local:vectors"


def test_another_model_is_refused(saved: Path, model: LocalModel, folder: Path, tmp_path: Path) -> None:
    other = save_encoder(tmp_path / "other", seed=1)
    message = rf"{other} is not the model that this judge was trained with \(digest [0-9a-f]+, needed is "
    with pytest.raises(InputError, match=message):
        local.make(Settings(str(saved), None, {"embeddings": str(other)}))
    retold = tmp_path / "retold"  # the same weights, another number of heads: other vectors
    shutil.copytree(folder, retold)
    config = json.loads((retold / "config.json").read_text())
    (retold / "config.json").write_text(json.dumps({**config, "num_attention_heads": 4}))
    with pytest.raises(InputError, match="is not the model that this judge was trained with"):
        encoder_again(model.embeddings, str(retold))


def test_a_published_model_is_pinned_to_its_commit(folder: Path, tmp_path: Path, monkeypatch) -> None:
    commit, asked = "0123abc", []
    shutil.copytree(folder, tmp_path / commit)

    def download(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((name, revision))
        assert not any(fnmatch.fnmatch("pytorch_model.bin", pattern) for pattern in allow_patterns)
        return str(tmp_path / commit)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    about = load_encoder("lab/encoder").about()
    assert (about["model"], about["revision"]) == ("lab/encoder", commit)
    assert encoder_again(about).digest == load_encoder(str(folder)).digest
    assert asked == [("lab/encoder", None), ("lab/encoder", commit)]


def test_a_model_that_is_gone_is_named(model: LocalModel, tmp_path: Path) -> None:
    gone = {**model.embeddings, "model": str(tmp_path / "gone")}
    with pytest.raises(InputError, match=r"needs the embeddings of .*gone.* name the folder with --embeddin"):
        encoder_again(gone)
    save_model(replace(model, embeddings=gone), tmp_path / "gone.npz")
    with pytest.raises(InputError, match="name the folder with --embeddings"):
        local.make(Settings(str(tmp_path / "gone.npz")))


def test_embeddings_for_a_judge_without_any_are_refused(
    model: LocalModel, folder: Path, tmp_path: Path
) -> None:
    n = model.weights.shape[1] - 16
    save_model(replace(model, weights=model.weights[:, :n], embeddings={}), tmp_path / "plain.npz")
    with pytest.raises(InputError, match="local:vectors was trained without embeddings"):
        local.make(Settings(str(tmp_path / "plain.npz"), None, {"embeddings": str(folder)}))


def test_a_file_whose_weights_lack_the_vectors_is_damaged(model: LocalModel, tmp_path: Path) -> None:
    path = tmp_path / "short.npz"
    save_model(replace(model, embeddings={}), path)
    with pytest.raises(InputError, match=r"weights has shape \(1, \d+\), not \(1, \d+\)"):
        load_model(path)
    save_model(replace(model, embeddings={**model.embeddings, "size": "16"}), path)
    with pytest.raises(InputError, match="does not say which embeddings it needs"):
        load_model(path)


def test_what_is_no_model_is_named(tmp_path: Path, folder: Path, monkeypatch) -> None:
    with pytest.raises(InputError, match=r"holds no config.json with weights as .safetensors"):
        load_encoder(str(tmp_path))
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "config.json").write_text('{"model_type": "no such type"}')
    with pytest.raises(InputError, match="no model that gives embeddings could be loaded"):
        load_encoder(str(broken))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="no/where is no folder, and no published model could be had"):
        load_encoder("no/where")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'reasonlens\[transformers\]'"):
        load_encoder(str(folder))
