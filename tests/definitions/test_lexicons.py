"""What must hold for every file in ``lexicons/``; a new one needs nothing here."""

from __future__ import annotations

import re
import tomllib
from itertools import permutations
from pathlib import Path

import pytest

from reasonlens.core.errors import DefinitionError
from reasonlens.lexicon import definition
from reasonlens.lexicon.checks import folded
from reasonlens.lexicon.definition import Lexicon, Rule, load

NAMES = definition.names()

# Published lists: entries per category and the rule, as their sources have them.
PUBLISHED = {
    "cyclicreflex": ({"reflection": 5}, Rule(case="sensitive", denominator="response")),
    "limo": ({"verification": 2, "exploratory": 2, "adaptive": 2}, Rule()),
    "mi_peaks": ({"peaks": 17}, Rule(case="sensitive", denominator="response")),
    "nowait": ({"reflection": 17}, Rule(denominator="response")),
    "oat_zero": ({"reflection": 11}, Rule("substring", denominator="response")),
    "orz": ({"reflection": 5}, Rule("regex", "sensitive", unit="presence", denominator="response")),
    "r1_nature": ({"reflection": 10}, Rule(denominator="response")),
    "reasonops_wait": ({"wait": 1}, Rule("regex")),
    "rl_vs_distill": ({"reflection": 27}, Rule(denominator="response")),
    "seal": ({"reflection": 9, "transition": 8}, Rule("segment", denominator="response")),
    "simplerl": ({"reflection": 7}, Rule("substring", denominator="response")),
    "understand_r1_zero": ({"reflection": 15}, Rule("substring", unit="presence", denominator="response")),
}


@pytest.fixture(params=NAMES)
def lexicon(request: pytest.FixtureRequest) -> Lexicon:
    return load(request.param)


def test_the_lexicons_are_found() -> None:
    assert {"flexible_reasoning", "sentence_initial", *PUBLISHED} <= set(NAMES)


def test_name_is_the_file_name(lexicon: Lexicon) -> None:
    assert lexicon.path is not None
    assert lexicon.name == Path(lexicon.path).stem
    assert re.fullmatch("[a-z][a-z0-9_]*", lexicon.name)


def test_card_is_filled_in(lexicon: Lexicon) -> None:
    assert re.fullmatch(r"[1-9]\d*", lexicon.version)
    assert lexicon.title != lexicon.name
    assert lexicon.source
    assert len(lexicon.notes) > 40
    assert lexicon.status in ("published", "reconstructed", "composed")


def test_published_lists_name_a_paper(lexicon: Lexicon) -> None:
    cited = bool(re.search(r"arXiv:\d{4}\.\d{5}|doi:10\.|20\d\d", lexicon.source))
    assert cited == (lexicon.status != "composed")


def test_categories_have_titles(lexicon: Lexicon) -> None:
    for category in lexicon.categories:
        assert re.fullmatch("[a-z][a-z0-9_]*", category.name)
        assert category.title != category.name


def test_the_rule_is_written_out(lexicon: Lexicon) -> None:
    assert lexicon.path is not None
    written = tomllib.loads(Path(lexicon.path).read_text(encoding="utf-8"))["rule"]
    assert set(written) == {"match", "case", "unit", "denominator"} | (
        {"latex"} if written["match"] == "word" else set()
    )


def test_equal_lexicons_have_equal_hashes(lexicon: Lexicon) -> None:
    assert {lexicon: 1}[load(lexicon.name)] == 1


def test_digests_differ() -> None:
    assert len({load(name).digest for name in NAMES}) == len(NAMES)


def test_digest_does_not_depend_on_layout_and_prose(lexicon: Lexicon, tmp_path: Path) -> None:
    assert lexicon.path is not None
    text = Path(lexicon.path).read_text(encoding="utf-8")
    changed = re.sub(r"(?m)^title = .*$", 'title = "Another title"', text).replace(
        "\n", "\n\n# more prose\n", 3
    )
    changed = changed.replace('version = "1"', 'version = "1000"')
    (tmp_path / "copy.toml").write_text(changed, encoding="utf-8")
    copy = load(str(tmp_path / "copy.toml"))
    assert copy.version != lexicon.version
    assert copy.digest == lexicon.digest


def test_digest_depends_on_every_entry(lexicon: Lexicon) -> None:
    seen = {lexicon.digest}
    for number, category in enumerate(lexicon.categories):
        for left_out in range(len(category.entries)):
            entries = category.entries[:left_out] + category.entries[left_out + 1 :]
            changed = definition.Category(category.name, category.title, entries, category.patterns)
            categories = (*lexicon.categories[:number], changed, *lexicon.categories[number + 1 :])
            seen.add(definition.digest_of(lexicon.rule, categories))
    assert len(seen) == 1 + sum(len(category.entries) for category in lexicon.categories)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_lists_are_complete(name: str) -> None:
    lexicon = load(name)
    sizes, rule = PUBLISHED[name]
    assert {category.name: len(category.entries) for category in lexicon.categories} == sizes
    assert lexicon.rule == rule
    assert lexicon.status == "published"


@pytest.mark.parametrize("name", ["limo", "nowait"])
def test_secondary_sources_are_said(name: str) -> None:
    assert "Secondary source:" in load(name).notes


def test_seal_segments() -> None:
    starts = {
        category.name: [entry.text for entry in category.entries if entry.at == "start"]
        for category in load("seal").categories
    }
    assert starts == {"reflection": ["wait"], "transition": ["alternatively"]}


def test_orz_is_case_sensitive_with_its_commas() -> None:
    patterns = [re.compile(entry.text) for entry in load("orz").categories[0].entries]
    text = "Wait, wait, await, wait. recheck\trecheck, rechecked Retry retrying However, however,"
    assert [len(pattern.findall(text)) for pattern in patterns] == [2, 2, 1, 0, 1]


def test_the_default_marks_what_is_attested() -> None:
    lexicon = load("flexible_reasoning")
    attested = {c.name: [entry.text for entry in c.entries if entry.attested] for c in lexicon.categories}
    assert attested == {
        "anthropomorphic": ["wait", "perhaps", "maybe"],
        "logical_connectors": ["but", "alternatively"],
        "mathematical_reasoning": [],
    }
    assert lexicon.status == "reconstructed"


def test_the_default_has_25_to_60_entries_a_category() -> None:
    assert all(25 <= len(category.entries) <= 60 for category in load("flexible_reasoning").categories)


def test_no_entry_of_the_default_hides_another() -> None:
    """The longest entry wins, so one inside another would lose hits to it."""
    for category in load("flexible_reasoning").categories:
        for inner, outer in permutations([entry.text.lower() for entry in category.entries], 2):
            assert not re.search(rf"(?<![\w'-]){re.escape(inner)}(?![\w'-])", outer), (inner, outer)


def test_no_entry_of_the_default_is_in_two_categories() -> None:
    lexicon = load("flexible_reasoning")
    texts = [
        folded(entry.text, lexicon.rule) for category in lexicon.categories for entry in category.entries
    ]
    assert len(texts) == len(set(texts))


# -- patterns ----------------------------------------------------------------------------------------------


def test_every_pattern_is_one_for_spacy(lexicon: Lexicon) -> None:
    if not any(category.patterns for category in lexicon.categories):
        return
    spacy = pytest.importorskip("spacy")
    matcher = spacy.matcher.Matcher(spacy.blank("en").vocab, validate=True)
    for category in lexicon.categories:
        for pattern in category.patterns:
            matcher.add(pattern.name, [[dict(token) for token in pattern.tokens]])
    assert len(matcher) == sum(len(category.patterns) for category in lexicon.categories)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So far so good.", {"So": "first word of the text"}),
        ("It is 12. So far, so good.", {". So": "so"}),
        ("$x = y$.\n\nWait, but so?", {"y$.\n\nWait": "wait"}),
        ("one\nnow two", {"\nnow": "now"}),
        ("one.  Then (two.) Hmm … okay", {".  Then": "then", ".) Hmm": "hmm", "… okay": "okay"}),
        ('He said "so." And so, but; or', {'." And': "and"}),
        ("**So** e.g. so on; wait", {"e.g. so": "so"}),
        ("Also, this. Sow! But's?", {"! But": "but"}),
        ("this so that. The end, therefore", {}),
    ],
)
def test_sentence_initial(text: str, expected: dict[str, str]) -> None:
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("en")
    matcher = spacy.matcher.Matcher(nlp.vocab)
    for pattern in load("sentence_initial").categories[0].patterns:
        matcher.add(pattern.name, [[dict(token) for token in pattern.tokens]], greedy="LONGEST")
    doc = nlp(text)
    assert {doc[start:end].text: nlp.vocab.strings[key] for key, start, end in matcher(doc)} == expected


# -- documentation -----------------------------------------------------------------------------------------


def test_the_page_lists_every_lexicon_with_its_size(root: Path) -> None:
    page = (root / "docs" / "lexicons.md").read_text(encoding="utf-8")
    rows = dict(
        re.findall(r"(?m)^\| `(\w+)`(?: \(default\))? \| ([^|]+?) \| [a-z]", page.partition("## Shipped")[2])
    )
    sizes = {}
    for name in NAMES:
        categories = load(name).categories
        patterns = sum(len(category.patterns) for category in categories)
        entries = " + ".join(str(len(category.entries)) for category in categories)
        sizes[name] = f"{patterns} patterns" if patterns else entries
    assert rows == sizes


def test_the_example_on_the_page_is_a_lexicon(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "lexicons.md").read_text(encoding="utf-8")
    first, second = re.findall(r"(?s)```toml\n(.*?)```", page)
    path = tmp_path / "doubt.toml"
    path.write_text(first, encoding="utf-8")
    lexicon = load(path)
    assert (lexicon.name, lexicon.rule) == ("doubt", Rule())
    assert [len(category.entries) for category in lexicon.categories] == [4, 3]
    path.write_text(f'version = "1"\n{second}', encoding="utf-8")
    assert load(path).categories[0].patterns[0].name == "so"


def test_the_mistake_on_the_page_is_shown_as_it_is(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (root / "docs" / "lexicons.md").read_text(encoding="utf-8")
    example = re.findall(r"(?s)```toml\n(.*?)```", page)[0]
    shown = re.findall(r"(?s)```text\n(.*?)\n```", page)[0]
    monkeypatch.chdir(tmp_path)
    Path("doubt.toml").write_text(
        example.replace('["perhaps", "maybe"', '["perhaps",\n"Perhaps", "maybe"'), encoding="utf-8"
    )
    with pytest.raises(DefinitionError, match=re.escape(shown) + r"\Z"):
        load("doubt.toml")
