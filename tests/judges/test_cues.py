from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.core.errors import DefinitionError
from reasonlens.judges import codebook_names
from reasonlens.judges._cues import _RUN, Cues, Finder, _pipeline, cue_names, load_cues, pattern_of

WORDS = ["let", "me", "us", "check", "it", "so", "again", "not", "7", ".", "n't", "'s"]


def _matches(tokens: list[str], pattern: list[dict[str, Any]], at: int) -> bool:
    """Backtracking matcher of one cue: obviously right and slow."""
    if not pattern:
        return True
    token, rest = pattern[0], pattern[1:]
    op = token.get("OP", "")
    if op.startswith("{"):
        most = int(op[3])
        return any(_matches(tokens, rest, at + n) for n in range(most + 1) if at + n <= len(tokens))
    fits = at < len(tokens) and _fits(tokens[at], token)
    return (fits and _matches(tokens, rest, at + 1)) or (op == "?" and _matches(tokens, rest, at))


def _fits(word: str, token: dict[str, Any]) -> bool:
    if token.get("LIKE_NUM"):
        return word.isdigit()
    wanted = token["LOWER"]
    return word.lower() in (wanted["IN"] if isinstance(wanted, dict) else [wanted])


def _slow(sentence: str, cues: Cues) -> bool:
    """The same verdict as `Finder`, without spaCy's matcher and without any hint."""
    tokens = [t.text for t in _pipeline().make_doc(_RUN.sub(r"\1 ", sentence))]

    def found(listed: tuple[str, ...]) -> bool:
        for cue in listed:
            pattern, start = pattern_of(cue)
            places = range(min(4, len(tokens)) if start else len(tokens))
            if any(_matches(tokens, pattern, at) for at in places):
                return True
        return False

    yes = found(cues.cues) or any(re.search(shape, sentence) for shape in cues.shape)
    no = found(cues.unless) or any(re.search(shape, sentence) for shape in cues.unless_shape)
    return yes and not no


def one(cue: str, sentence: str, **more: Any) -> bool:
    return Finder([Cues("x", "1", (cue,), **more)]).text([sentence])[0][0]


@pytest.mark.parametrize(
    ("cue", "sentence", "shown"),
    [
        ("let me|us check", "So let me check.", True),
        ("let me|us check", "Let us see.", False),
        ("let 's ~2 check", "Let's now quickly check it.", True),
        ("let 's ~2 check", "Let's now very quickly check it.", False),
        ("does n't work", "That doesn't work.", True),
        ("try # again", "Try 12 again.", True),
        ("try # again", "Try it again.", False),
        ("^ wait", "But, hmm, wait.", False),
        ("^ wait", "Hmm, wait.", True),
        ("so far ,? good", "So far good, so far, good.", True),
        ("WAIT", "wait", True),
    ],
)
def test_what_a_cue_finds(cue: str, sentence: str, shown: bool) -> None:
    assert one(cue, sentence) is shown


def test_unless_rules_a_sentence_out() -> None:
    assert one("check", "I check.", unless=("want to check",))
    assert not one("check", "I want to check.", unless=("want to check",))
    assert not one("check", "I check $x = 2$.", unless_shape=("=",))


def test_a_shape_is_enough_and_sees_formulas() -> None:
    cues = Cues("x", "1", (), shape=(r"\\boxed",))
    assert Finder([cues]).text([r"So \boxed{4}.", "So 4."]) == [[True], [False]]


def test_first_and_last_keep_to_their_share_of_the_sentences() -> None:
    text = ["check it"] * 8
    early, late = Cues("x", "1", ("check",), first=0.25), Cues("y", "1", ("check",), last=0.25)
    found = Finder([early, late]).text(text)
    assert [row[0] for row in found] == [True] * 2 + [False] * 6
    assert [row[1] for row in found] == [False] * 6 + [True] * 2


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=9),
    st.lists(
        st.sampled_from(["let", "me|us", "check", "~2", "#", "again?", "n't|'s", "it"]),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_the_finder_is_the_slow_matcher(words: list[str], pieces: list[str], start: bool) -> None:
    cue = " ".join([*(["^"] if start else []), *pieces])
    try:
        pattern_of(cue)
    except ValueError:
        return
    cues = Cues("x", "1", (cue,))
    sentence = " ".join(words).replace(" n't", "n't").replace(" 's", "'s")
    assert Finder([cues]).text([sentence])[0][0] == _slow(sentence, cues)


def test_every_shipped_cue_agrees_with_the_slow_matcher_on_real_sentences(shared_data: Path) -> None:
    import gzip
    import json

    path = shared_data / "labels" / "thought_anchors_math_6label_sets.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        row = json.loads(next(iter(file)))
    sentences = [chunk["text"] for chunk in row["chunks"]][:40]
    cues = [load_cues(name) for name in cue_names()]
    found = Finder(cues).text(sentences)
    shown = 0
    for (i, sentence), (j, one_cues) in product(enumerate(sentences), enumerate(cues)):
        before = i / len(sentences)
        expected = before < one_cues.first and _slow(sentence, one_cues)
        assert found[i][j] == expected, (one_cues.behavior, sentence)
        shown += expected
    assert shown > 40


def test_long_runs_without_a_space_take_no_time() -> None:
    assert one("check", "." * 100_000 + " check")


def test_shipped_cues_are_of_behaviors_that_have_a_codebook() -> None:
    assert set(cue_names()) <= set(codebook_names())
    assert {"multi_perspective", "metacognitive_awareness", "verification", "backtracking"} <= set(
        cue_names()
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version = 1", r'needs version = "1"'),
        ('version = "1"', r"at least one of cues and shape"),
        ('version = "1"\ncues = "check"', "cues must be a list of texts"),
        ('version = "1"\ncues = ["~3"]', "'~3': a cue needs a word that is not optional"),
        ('version = "1"\ncues = ["a ^ b"]', r"\^ can only stand first"),
        ('version = "1"\ncues = ["a||b"]', "has an empty alternative"),
        ('version = "1"\nshape = ["("]', "x.toml: '\\('"),
        ('version = "1"\ncues = ["a"]\nfirst = 2', "first must be a share between 0 and 1, got 2"),
        ('version = "1"\ncue = ["a"]', "unknown key 'cue'; known are"),
        ("version = ", "no TOML"),
    ],
)
def test_mistakes_in_a_file_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(DefinitionError, match=message):
        load_cues("x", tmp_path)


def test_the_digest_tells_every_change_apart() -> None:
    base = Cues("x", "1", ("a",))
    changed = [
        Cues("y", "1", ("a",)),
        Cues("x", "2", ("a",)),
        Cues("x", "1", ("b",)),
        Cues("x", "1", ("a",), unless=("a",)),
        Cues("x", "1", ("a",), shape=("a",)),
        Cues("x", "1", ("a",), first=0.5),
    ]
    assert len({base.digest, *(c.digest for c in changed)}) == 7
