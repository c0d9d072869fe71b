from __future__ import annotations

from reasonlens.lexicon.definition import from_option, load
from reasonlens.lexicon.term_categories import Place, categories_of


def test_a_term_has_the_category_of_the_entry_that_it_is() -> None:
    found = categories_of(["wait", "alternatively", "triangle", "but"], [load("flexible_reasoning")])
    assert found[0] == Place("flexible_reasoning", "anthropomorphic", "wait")
    assert found[1].category == "logical_connectors"
    assert found[2] == Place()
    assert found[3].entry == "but"


def test_a_phrase_has_that_of_its_longest_entry() -> None:
    lexicon = from_option("w=so,hold on,wait")
    assert [p.entry for p in categories_of(["so wait", "so, hold on", "go on"], [lexicon])] == [
        "wait",
        "hold on",
        "",
    ]


def test_the_first_lexicon_that_has_one_counts() -> None:
    one, two = from_option("first=wait"), load("flexible_reasoning")
    assert [p.lexicon for p in categories_of(["wait", "but"], [one, two])] == ["custom", "flexible_reasoning"]
    assert [p.lexicon for p in categories_of(["wait", "but"], [two, one])] == ["flexible_reasoning"] * 2


def test_without_terms_or_lexicons_there_is_no_category() -> None:
    assert categories_of([], [load("flexible_reasoning")]) == []
    assert categories_of(["wait"], []) == [Place()]
