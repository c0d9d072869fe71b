"""The main job on all real traces gives the published sanity table (whole words, per kind)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import reasonlens
from reasonlens.lexicon import definition
from reasonlens.workflow.tokens import Tokens

WORDS = ("wait", "perhaps", "maybe", "alternatively", "but", "however", "so", "therefore")
LEXICON = definition.from_options([f"{word}={word}" for word in WORDS])
# the table counted \\therefore and the like, too
WITH_LATEX = replace(LEXICON, name="latex", rule=replace(LEXICON.rule, latex="count"), digest="latex")

# responses, thousands of alphabetic words (LaTeX commands among them), hits per 1,000 of these
TABLE = {
    "base": (3861, 668, (0.00, 0.00, 0.00, 0.00, 0.42, 0.21, 6.28, 1.39)),
    "zero_rl": (200, 53, (0.00, 0.00, 0.00, 0.00, 1.82, 0.47, 3.00, 6.57)),
    "rl_instruct": (2336, 583, (0.00, 0.00, 0.00, 0.00, 0.44, 0.46, 1.47, 3.56)),
    "instruct": (3812, 775, (0.01, 0.00, 0.00, 0.00, 0.47, 0.30, 2.91, 4.05)),
    "distilled": (2292, 2948, (7.60, 6.82, 4.32, 5.69, 13.53, 0.38, 15.61, 2.61)),
    "teacher": (1268, 1204, (6.14, 1.61, 6.37, 4.81, 10.63, 0.40, 28.33, 4.19)),
}


@pytest.fixture(scope="module")
def tokens(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    study = tmp_path_factory.mktemp("real") / "study"
    files = sorted((shared_data / "traces").glob("*.jsonl.gz"))
    return reasonlens.tokens(files, study=study, lexicons=[LEXICON, WITH_LATEX])


def test_every_trace_is_there(tokens: Tokens) -> None:
    by_kind = tokens.sums.sizes.groupby("model_kind")["traces"].sum().to_dict()
    assert by_kind == {kind: row[0] for kind, row in TABLE.items()}
    assert tokens.sums.n_traces == 13769


@pytest.mark.parametrize("kind", TABLE)
def test_hits_equal_the_table_up_to_its_rounding(tokens: Tokens, kind: str) -> None:
    _, thousands, rates = TABLE[kind]
    hits = tokens.entries.query("lexicon == 'latex'").set_index("category")[f"{kind} hits"]
    for word, rate in zip(WORDS, rates, strict=True):
        # half a unit of the last digit of the rate and of the number of words
        slack = 0.005 * (thousands + 0.5) + 0.5 * rate
        got = hits.get(word, 0)
        assert abs(got - rate * thousands) <= slack + 1, (word, got, rate * thousands)


def test_latex_commands_are_not_counted_by_default(tokens: Tokens) -> None:
    hits = tokens.entries.set_index(["lexicon", "category"])
    # base models write \\therefore 54 times
    assert (
        hits.loc[("latex", "therefore"), "base hits"] - hits.loc[("custom", "therefore"), "base hits"] == 54
    )
    assert hits.loc[("latex", "wait"), "hits"] == hits.loc[("custom", "wait"), "hits"]


def test_words_of_text_without_latex_equal_the_table(tokens: Tokens) -> None:
    words = tokens.sums.sizes.groupby("model_kind")["words"].sum()
    assert round(words["zero_rl"] / 1000, 0) in (52, 53)
    assert all(words[kind] < TABLE[kind][1] * 1000 for kind in TABLE)  # LaTeX commands are no words


def test_markers_set_distilled_and_teacher_apart(tokens: Tokens) -> None:
    rates = tokens.estimates.query("dataset == '(all)'").set_index(["measure", "group"])
    for word in ("wait", "alternatively", "but"):
        of = rates.loc[f"custom/{word}/words"]
        marked = of.loc[["distilled", "teacher"], "low"].min()
        plain = of.loc[["base", "zero_rl", "rl_instruct", "instruct"], "high"].max()
        assert marked > 3 * plain, word


def test_every_estimate_names_its_method_and_size(tokens: Tokens) -> None:
    table = tokens.table()
    assert (table["method"].str.len() > 0).all()
    assert set(table["estimand"]) <= {"problems like these", "problems like the shared ones"}
    assert (table["n_problems"] >= 0).all()
    assert not table["measure"].map(lambda m: re.search(r"\s", m) is not None).any()
