"""Every entry of every shipped lexicon is counted once on its own text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pytest

from reasonlens.core.errors import DefinitionError
from reasonlens.lexicon import self_check as module
from reasonlens.lexicon.definition import Entry, Lexicon, Rule, from_options, load, names
from reasonlens.lexicon.self_check import own_text, self_check, uncounted


@pytest.mark.parametrize("name", names())
def test_shipped_entries(name: str) -> None:
    assert [(category.name, entry.text, n) for category, entry, n in uncounted(load(name))] == []


@pytest.mark.parametrize(
    ("entry", "rule", "text"),
    [
        (Entry("not good*"), Rule(), "not good"),
        (Entry("verif* it*"), Rule(), "verif it"),
        (Entry("a*b"), Rule("substring"), "a*b"),
        (Entry("wait", at="start"), Rule("segment"), "wait"),
        (Entry("wai*t"), Rule("regex"), None),
    ],
)
def test_own_text(entry: Entry, rule: Rule, text: str | None) -> None:
    assert own_text(entry, rule) == text


def test_a_good_lexicon_passes() -> None:
    self_check(from_options(["a=wait,hold on,let's,verif*,double-check", "b=wait"]))


def test_an_entry_that_is_not_counted_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    count = module.count_table

    def blind_to_the_second(traces: pa.Table, lexicons: Sequence[Lexicon]) -> pa.Table:
        changed = ["wait", "on hold"]
        return count(traces.set_column(1, "response", pa.array(changed, pa.string())), lexicons)

    monkeypatch.setattr(module, "count_table", blind_to_the_second)
    expected = (
        "custom: category 'a': entry 'hold on' is counted 0 times on its own text, not once; "
        "write it as the words it stands for, or use match = 'substring' in a lexicon of its own"
    )
    with pytest.raises(DefinitionError, match=re.escape(expected) + r"\Z"):
        self_check(from_options(["a=wait,hold on"]))
