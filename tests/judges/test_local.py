from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reasonlens.core.errors import InputError, StatisticsError
from reasonlens.judges import Settings, load_codebook, local, sentences_of
from reasonlens.judges._local_model import (
    LocalModel,
    features,
    load_model,
    places_of,
    save_model,
    vectorizers,
)
from reasonlens.judges._local_sentences import Labelled, folds_of
from reasonlens.judges._local_train import STEPS, _best_threshold, fit

CHECKS = ("Let me check that again.", "Let me verify the sum.", "I should double-check it.")
OTHERS = ("So the sum is 12.", "The box has 4 balls.", "Then multiply by 3.", "Hence x = 5.")
BOOK = load_codebook("verification")


def texts(rng: np.random.Generator, n: int = 60) -> tuple[list[list[str]], list[np.ndarray]]:
    sentences, gold = [], []
    for _ in range(n):
        shown = rng.random(8) < 0.3
        sentences.append([str(rng.choice(CHECKS if s else OTHERS)) for s in shown])
        gold.append(shown[:, None].astype(float))
    return sentences, gold


@pytest.fixture(scope="module")
def data() -> Labelled:
    return Labelled.of_texts(*texts(np.random.default_rng(1)), [i // 3 for i in range(60)])


@pytest.fixture(scope="module")
def model(data: Labelled) -> LocalModel:
    fitted = fit(data)
    return LocalModel(
        "small",
        ({"name": BOOK.name, "version": BOOK.version, "digest": BOOK.digest, "error": []},),
        fitted.words,
        fitted.chars,
        fitted.weights,
        fitted.intercept,
        fitted.threshold,
        fitted.idf,
        {"labels": "human:ann"},
    )


@pytest.fixture
def saved(model: LocalModel, tmp_path: Path) -> Path:
    path = tmp_path / "judges" / "small.npz"
    save_model(model, path)
    return path


def test_it_learns_what_can_be_learned(data: Labelled) -> None:
    fitted = fit(data)
    right = fitted.said[:, 0] == (data.gold[:, 0] == 1)
    assert right.mean() > 0.99  # the sentences are the same in all problems
    assert 0 < fitted.threshold[0] < 1


def test_labels_by_chance_are_not_learned(data: Labelled, rng) -> None:
    gold = (rng.random(data.gold.shape) < 0.3).astype(float)
    fitted = fit(replace(data, gold=gold))
    found = fitted.said[gold[:, 0] == 1].mean() - fitted.said[gold[:, 0] == 0].mean()
    assert abs(found) < 0.12  # sensitivity + specificity - 1, on problems that were not seen


def test_a_problem_is_never_on_both_sides(data: Labelled) -> None:
    folds = folds_of(data)
    for problem in np.unique(data.problem):
        assert len(set(folds[data.problem == problem])) == 1
    positive = np.bincount(folds, data.gold[:, 0])
    assert positive.max() - positive.min() <= 8


def test_what_is_counted_once_is_what_a_stored_judge_computes(data: Labelled, model: LocalModel) -> None:
    # the judge's own vectorizers against weights that were learned from counts
    words, chars = vectorizers(model.words, model.chars)
    words.idf_, chars.idf_ = model.idf[: len(model.words)], model.idf[len(model.words) :]
    x = features(data.sentences[:50], data.places[:50], (words, chars))
    chance = 1 / (1 + np.exp(-(x @ model.weights.T + model.intercept)))
    alone = np.vstack([model.chances(data.sentences[i : i + 8]) for i in range(0, 48, 8)])
    assert np.allclose(chance[:48], alone)
    fresh = vectorizers()[0].set_params(min_df=2).fit(data.sentences)
    assert set(fresh.get_feature_names_out()) == set(model.words)
    order = [fresh.vocabulary_[w] for w in model.words]
    assert np.allclose(fresh.idf_[order], model.idf[: len(model.words)])


def test_places_of_sentences() -> None:
    assert places_of(2).tolist() == [[0.0, 0.5, 1.0, 0.0], [0.5, 0.0, 0.0, 1.0]]


def test_the_best_threshold_has_the_best_f1(rng) -> None:
    chance, gold = np.round(rng.random(60), 1), (rng.random(60) < 0.4).astype(float)

    def f1(least: float) -> float:
        said = chance >= least
        return 2 * float((said & (gold == 1)).sum()) / float(said.sum() + (gold == 1).sum())

    assert f1(_best_threshold(chance, gold)) == pytest.approx(max(f1(c) for c in np.unique(chance)))


def test_steps_are_reported(data: Labelled) -> None:
    seen: list[int] = []
    fit(data, seen.append)
    assert sum(seen) == STEPS


def test_too_little_to_learn_from_is_named(data: Labelled) -> None:
    few = Labelled.of_texts(*texts(np.random.default_rng(0), 8), [0, 0, 1, 1, 2, 2, 3, 3])
    with pytest.raises(StatisticsError, match="the labels are of 4 problems; at least 5 are needed"):
        fit(few)
    none = replace(data, gold=np.zeros_like(data.gold))
    with pytest.raises(StatisticsError, match=r"0 of .* sentences show behavior 0; at least 5 with"):
        fit(none)


def test_a_saved_judge_says_the_same(model: LocalModel, saved: Path) -> None:
    again = load_model(saved)
    assert again.words == model.words
    assert np.array_equal(again.chances(CHECKS), model.chances(CHECKS))
    assert again.about == {"labels": "human:ann"}
    assert len(again.digest) == 16


def test_labels_have_quotes_and_counts(saved: Path) -> None:
    text = "So the sum is 12. Let me check that again. The box has 4 balls. Let me verify the sum."
    judge = local.make(Settings(str(saved)))
    (label,) = next(iter(judge.judge([text], [BOOK])))
    assert (judge.name, label.verdict, label.count, label.cost) == ("local:small", "present", 2, 0.0)
    assert [q.surface for q in label.quotes] == ["Let me check that again.", "Let me verify the sum."]
    assert all(text[q.start : q.end] == q.surface for q in label.quotes)
    (label,) = next(iter(judge.judge(["Hence x = 5."], [BOOK])))
    assert (label.verdict, label.count, label.quotes) == ("absent", 0, ())
    (label,) = next(iter(judge.judge([""], [BOOK])))
    assert label.verdict == "absent"


def test_sentence_codebooks_get_a_label_per_sentence(saved: Path, model: LocalModel, tmp_path: Path) -> None:
    book = load_codebook("self_checking")
    path = tmp_path / "s.npz"
    about = {"name": book.name, "version": book.version, "digest": book.digest, "error": []}
    save_model(replace(model, behaviors=(about,)), path)
    text = "So the sum is 12. Let me check that again."
    labels = next(iter(local.make(Settings(str(path))).judge([text], [book])))
    assert [(x.start, x.end) for x in labels] == sentences_of(text)
    assert [x.verdict for x in labels] == ["absent", "present"]


def test_it_refuses_what_it_was_not_trained_for(saved: Path) -> None:
    judge = local.make(Settings(str(saved)))
    assert judge.refuses(BOOK) == ""
    assert "was not trained for 'backtracking', only for verification" in judge.refuses(
        load_codebook("backtracking")
    )
    other = replace(BOOK, definition="Something else.")
    assert "train it again" in judge.refuses(other)


def test_it_is_found_by_name_in_a_folder(saved: Path) -> None:
    assert local.make(Settings("small", None, {"folder": saved.parent})).name == "local:small"
    with pytest.raises(InputError, match=r"no local judge is named 'big' in .*; there are small"):
        local.make(Settings("big", None, {"folder": saved.parent}))
    with pytest.raises(
        InputError, match=r"which local judge\? Write --judge local:NAME \(trained here: small"
    ):
        local.make(Settings(None, None, {"folder": saved.parent}))
    with pytest.raises(InputError, match="train one with: reasonlens agree train"):
        local.make(Settings("x", None, {"folder": saved.parent / "none"}))


def _with(saved: Path, tmp_path: Path, **arrays: np.ndarray) -> Path:
    with np.load(saved) as stored:
        data = {name: stored[name] for name in stored}
    path = tmp_path / "other.npz"
    np.savez(path, **(data | arrays))
    return path


def test_a_damaged_or_foreign_file_is_refused(saved: Path, tmp_path: Path) -> None:
    def refused(path: Path, why: str) -> None:
        with pytest.raises(InputError, match=f"is no judge that `reasonlens agree train` wrote.*{why}"):
            load_model(path)

    with pytest.raises(InputError, match="no trained judge can be read there"):
        load_model(tmp_path / "none.npz")
    text = tmp_path / "text.npz"
    text.write_text("hello")
    refused(text, "")
    text.write_bytes(saved.read_bytes()[:-100])
    refused(text, "")
    refused(_with(saved, tmp_path, weights=np.zeros((1, 3))), r"weights has shape \(1, 3\)")
    refused(_with(saved, tmp_path, threshold=np.array([np.nan])), "threshold .* is not finite")
    about = np.frombuffer(json.dumps({"format": 9}).encode(), dtype=np.uint8)
    refused(_with(saved, tmp_path, about=about), "format 9, this version reads 2")


def test_a_pickle_in_the_file_is_not_opened(saved: Path, tmp_path: Path) -> None:
    harm = np.array([{"never": "loaded"}], dtype=object)
    with pytest.raises(InputError, match="Object arrays cannot be loaded"):
        load_model(_with(saved, tmp_path, weights=harm))


def test_a_file_that_unpacks_to_very_much_is_not_unpacked(saved: Path, tmp_path: Path, monkeypatch) -> None:
    from reasonlens.judges import _local_model

    monkeypatch.setattr(_local_model, "_LARGEST", 1000)
    with pytest.raises(InputError, match="unpacks to more than"):
        load_model(saved)
    assert zipfile.is_zipfile(io.BytesIO(saved.read_bytes()))
