"""Bans from words and categories, and the tables that explain them."""

from __future__ import annotations

import pytest

from reasonlens.bans import Ban
from reasonlens.bans.audit import audit
from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import from_option
from reasonlens.lexicon.model import Rule
from reasonlens.workflow.ban_explain import ban_explain, ban_of, words_of
from tests.bans.making import bpe
from tests.lexicon.making import lexicon, surfaces


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REASONLENS_CACHE", str(tmp_path_factory.mktemp("cache")))


def test_words_and_categories_become_one_ban() -> None:
    ban = ban_of(["hold on"], ["flexible_reasoning:anthropomorphic"], name="target", penalty=-2.0)
    anthropomorphic = words_of("flexible_reasoning", "anthropomorphic")[0]
    assert ban.words == tuple(dict.fromkeys(["hold on", *anthropomorphic]))
    assert (ban.name, ban.penalty, ban.match) == ("target", -2.0, "word")
    assert {"wait", "perhaps"} <= set(ban.words)


def test_a_whole_lexicon_is_all_its_categories() -> None:
    shipped = definition.load("flexible_reasoning")
    assert set(words_of("flexible_reasoning")[0]) == {e.text for c in shipped.categories for e in c.entries}
    assert words_of(from_option("waitlike=wait,hold on")) == (["wait", "hold on"], "word")


def test_a_list_of_substrings_bans_substrings() -> None:
    assert ban_of(categories=["simplerl"]).match == "substring"
    with pytest.raises(InputError, match="whole words and substrings cannot be one ban"):
        ban_of(["wait"], ["simplerl"])
    assert ban_of(["wait"], ["simplerl"], match="word").match == "word"


@pytest.mark.parametrize("name", definition.names())
def test_every_shipped_list_is_banned_or_refused_with_a_reason(name: str) -> None:
    shipped = definition.load(name)
    if shipped.rule.match in ("regex", "segment"):
        with pytest.raises(
            InputError, match=f"{name} matches by {shipped.rule.match}, which cannot be banned"
        ):
            ban_of(categories=[name])
        return
    for category in shipped.categories:
        if not category.entries:
            with pytest.raises(InputError, match="has patterns only, which cannot be banned"):
                words_of(name, category.name)
            continue
        ban = ban_of(categories=[f"{name}:{category.name}"])
        text = ". ".join(entry.text.replace("*", "s") for entry in category.entries)
        assert audit([text], ban).n_leaks >= len(category.entries) // 2


def test_unknown_names_are_said() -> None:
    with pytest.raises(UnknownNameError, match=r"no category is named 'anthropomorfic'. Did you mean 'anthr"):
        ban_of(categories=["flexible_reasoning:anthropomorfic"])
    with pytest.raises(UnknownNameError, match="no lexicon is named 'none'"):
        ban_of(categories=["none"])


def test_tables_of_a_ban() -> None:
    found = ban_explain(Ban(["wait", "hold on"]), bpe())
    assert found.words["word"].tolist() == ["wait", "hold on"]
    assert found.modes["mode"].tolist() == ["complete", "boundary", "ids", "bad_words", "logit_bias"]
    by_mode = found.modes.set_index("mode")
    assert by_mode.loc["complete", "left"] == 0
    assert by_mode.loc["ids", "left"] > 0
    assert (found.modes["spellings"] == found.words["spellings"].sum()).all()
    tokens = found.tokens[found.tokens["word"] == "wait"]
    assert set(tokens["where"]) <= {"anywhere", "at the start of a word"}
    assert len(tokens) == found.words.set_index("word").loc["wait", ["always", "at_start"]].sum()
    assert all("wait" in text.lower() for text in tokens["text"])


def test_what_is_banned_is_what_the_lexicon_counts() -> None:
    """The audit is the stricter: it may find more, never less."""
    text = "Wait, let's hold  on. \\wait awaits; waiter"
    entries = ["wait", "hold on"]
    counted = surfaces(text, *entries, rule=Rule(latex="count"))
    assert counted == ["Wait", "hold  on", "wait"]
    assert audit([text], ban_of(entries)).n_leaks == 3
    assert words_of(lexicon(entries))[0] == entries
