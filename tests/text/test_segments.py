"""Sentences with exact places: by hand, against a plain oracle, and on anything."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.text.segments import segments

MATERIAL = st.lists(
    st.sampled_from(
        [
            *("a", "Wait", " ", "\n", "\n\n", ".", "...", "!", "?", "$", "$$", "\\[", "\\]", "\\(", "\\)"),
            *("```", "- ", "1. ", "**", "e.g.", "2.5", "等", "。", ":", "# ", "Step 2", '"', ")"),
            *("\t", "\r\n", "\u2028"),
        ]
    ),
    max_size=60,
).map("".join)


def contents(text: str) -> list[str]:
    return [s.content(text) for s in segments(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("It is 2.5 or 3.14. So.", ["It is 2.5 or 3.14.", "So."]),
        ("Hmm... wait. Hmm... Wait.", ["Hmm... wait.", "Hmm...", "Wait."]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("See Fig. 3, e.g. the top. Then go.", ["See Fig. 3, e.g. the top.", "Then go."]),
        ("Add a, b, etc. and stop. Sum etc. Then go.", ["Add a, b, etc. and stop.", "Sum etc.", "Then go."]),
        ("Take point B. Then C.", ["Take point B.", "Then C."]),
        ("So $a. b$ is. And \\(c. d\\). End", ["So $a. b$ is.", "And \\(c. d\\).", "End"]),
        ("\\[\nx = 1. \\\\\ny = 2.\n\\] So.", ["\\[\nx = 1. \\\\\ny = 2.\n\\] So."]),
        ("It costs $5. And $6. So.", ["It costs $5.", "And $6.", "So."]),
        ("So $x = 2.$ Then $y$.", ["So $x = 2.$ Then $y$."]),  # a stop inside a formula is the formula's
        ("One $x. Two\n\nThree$ four.", ["One $x.", "Two", "Three$ four."]),  # a blank line ends all
        ('He said "no." Then (yes.) Ok.', ['He said "no."', "Then (yes.)", "Ok."]),
        ("A:\n- one\n- two. three\n", ["A:", "- one", "- two.", "three"]),
        ("1. First.\n2. Second.\n(a) Third", ["1. First.", "2. Second.", "(a) Third"]),
        ("**Step 1: Go**\nWe add.\n### Next\nThen", ["**Step 1: Go**", "We add.", "### Next", "Then"]),
        ("one\ntwo. three", ["one\ntwo.", "three"]),
        ("你好。我们走！好", ["你好。", "我们走！", "好"]),
        ("```\nx = 1. y\n\nz. w\n``` Then. Go", ["```\nx = 1. y\n\nz. w\n``` Then.", "Go"]),
        ("  One. ", ["", "One."]),
        (" \n ", [""]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert contents(text) == expected


def test_places_are_exact() -> None:
    text = " One.  Two\n\nThree"
    found = [(s.start, s.content_end, s.end) for s in segments(text)]
    assert found == [(0, 0, 1), (1, 5, 7), (7, 10, 12), (12, 17, 17)]


@given(st.text(max_size=200) | MATERIAL)
def test_segments_cover_the_text(text: str) -> None:
    found = segments(text)
    assert "".join(text[s.start : s.end] for s in found) == text
    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    for place, s in enumerate(found):
        content = s.content(text)
        assert content == content.strip()
        assert not text[s.content_end : s.end].strip()
        assert content or place == 0, "only white space before the first sentence has no content"


def slow(text: str) -> list[str]:
    """The rules for prose alone, character by character: stops, blank lines, white space."""
    found, current, i = [], "", 0
    while i < len(text):
        blank = re.match(r"\s*\n[ ]*\n\s*", text[i:]) if text[i].isspace() else None
        current += text[i]
        run = re.match(r"[.!?]+", text[i:])
        if blank is not None:
            found.append(current.strip())
            current, i = "", i + blank.end()
            continue
        if run:
            current += run.group()[1:]
            i += run.end()
            following = text[i:].lstrip(" \n")[:1]
            ellipsis = run.group().startswith("..")
            if (i == len(text) or text[i].isspace()) and not (ellipsis and following.islower()):
                found.append(current.strip())
                current = ""
            continue
        i += 1
    return [x for x in [*found, current.strip()] if x]


@given(
    st.lists(
        st.sampled_from(["word", "Word", " ", " ", "\n\n", ".", "!", "...", ", ", "2.5"]), max_size=40
    ).map("".join)
)
def test_prose_is_cut_as_a_slow_oracle_does(text: str) -> None:
    assert [x for x in contents(text) if x] == slow(text)


def test_real_traces_are_covered(shared_data: Path) -> None:
    sizes = []
    for name in ("mip_math_6models", "rho_base_rho-math-7b", "shortrl_zero_rl_qwen2.5-7b_kk3_kk5"):
        with gzip.open(shared_data / "traces" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line, _ in zip(lines, range(120), strict=False):
                text = json.loads(line)["response"]
                found = segments(text)
                assert "".join(text[s.start : s.end] for s in found) == text
                sizes += [s.content_end - s.start for s in found]
    assert 40 < sum(sizes) / len(sizes) < 120, "characters per sentence"
    assert len(sizes) > 10_000
