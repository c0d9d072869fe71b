"""The compiled engine: the same as the NumPy engine and the oracle, and no harm done by anything."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.lexicon import definition
from reasonlens.lexicon.count import count_table, match_table
from reasonlens.lexicon.kernel import choice, program
from reasonlens.lexicon.kernel.tables import tables_of
from reasonlens.lexicon.model import Lexicon, Pattern, Rule
from reasonlens.lexicon.plan import plan_of
from reasonlens.lexicon.scan import scan
from reasonlens.text import words
from tests.lexicon import nasty
from tests.lexicon.making import expected, hits, lexicon, surfaces, traces
from tests.oracles import words_oracle

pytestmark = pytest.mark.skipif(
    choice.kernel() is None, reason="the kernel is not built here (.ci/kernel fails if there is a compiler)"
)

_LEVELS = st.sampled_from([-1, 0, 1, 2])  # one that the processor lacks is the best that it has
_STRETCHES = st.sampled_from([1, 4, 15, 60, 200, 16_384])
_MANY = settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True)
def _kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choice.VARIABLE, "kernel")


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Lexicon, list[str]]:
    """A lexicon, and texts in which its entries stand in all kinds of company."""
    made = draw(nasty.lexicons())
    entries = [entry.text.replace("*", "") for category in made.categories for entry in category.entries]
    some = st.one_of(st.sampled_from(entries), nasty.texts(2))
    between = st.sampled_from([" ", " ", " ", "", " - ", "\n", "  ", "7", "’", "等", "\\"])
    full = st.lists(st.tuples(some, between).map("".join), max_size=25).map("".join)
    return made, draw(st.lists(st.one_of(full, nasty.texts(30)), min_size=1, max_size=3))


def _column(texts: Sequence[str | None], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(texts, kind or pa.string())])


# The same as the oracle and as NumPy


@_MANY
@given(_cases(), _LEVELS, _STRETCHES, st.booleans())
def test_hits_counts_and_words_equal_the_oracle(
    case: tuple[Lexicon, list[str]], level: int, stretch: int, wide: bool
) -> None:
    made, texts = case
    names = [(c.name, e.text) for c in made.categories for e in c.entries]
    column = _column(texts, pa.large_string() if wide else pa.string())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "_LEVEL", level)
        patch.setattr(program, "_STRETCH", stretch)
        found = program.search(column, plan_of((made,)))
        counted = program.count(column, plan_of((made,)))
    assert found is not None
    assert counted is not None
    wanted = [expected(text, made) for text in texts]
    rows: list[list[Any]] = [[] for _ in texts]
    for row, start, end, entry in zip(*(x.tolist() for x in _arrays(found.hits)), strict=True):
        rows[row].append((*names[entry], start, end))
    assert [sorted(row) for row in rows] == wanted
    assert Counter({(row, names[e]): n for row, e, n in _triples(counted)}) == Counter(
        (row, hit[:2]) for row, places in enumerate(wanted) for hit in places
    )
    assert counted.n_chars.tolist() == [len(text) for text in texts]
    assert counted.n_words.tolist() == [words_oracle.word_count(text) for text in texts]
    assert found.n_words.tolist() == counted.n_words.tolist()
    cut = program.surfaces(column, found.hits.row, found.start_byte, found.end_byte)
    assert cut.to_pylist() == [texts[r][a:b] for r, a, b, _ in zip(*_arrays(found.hits), strict=True)]


def _arrays(found: Any) -> tuple[Any, ...]:
    return found.row, found.start, found.end, found.entry


def _triples(counted: program.Counted) -> Iterator[tuple[int, int, int]]:
    row = np.repeat(np.arange(len(counted.ends)), np.diff(counted.ends, prepend=0))
    return zip(row.tolist(), counted.entry.tolist(), counted.n.tolist(), strict=True)


def _both(table: pa.Table, lexicons: list[Lexicon], monkeypatch: pytest.MonkeyPatch) -> list[pa.Table]:
    results = []
    for engine in ("kernel", "numpy"):
        monkeypatch.setenv(choice.VARIABLE, engine)
        results += [count_table(table, lexicons), match_table(table, lexicons)]
    return results


@pytest.mark.parametrize("name", ["flexible_reasoning", "rl_vs_distill", "nowait", "r1_nature", "orz"])
def test_shipped_lexicons_on_real_traces(
    name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []
    for path in sorted((shared_data / "traces").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            texts += [json.loads(line)["response"] for line, _ in zip(lines, range(12), strict=False)]
    counts, places, numpy_counts, numpy_places = _both(traces(texts), [definition.load(name)], monkeypatch)
    assert counts.equals(numpy_counts)
    assert places.equals(numpy_places)
    assert sum(counts["n_words"].to_pylist()) > 50_000


def test_lexicons_of_all_kinds_together(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("spacy")
    so = Pattern("so far", ({"LOWER": "so"}, {"LOWER": "far"}))
    several = [
        lexicon({"c": ["so", "wait", "e.g."], "d": ["so", "far so*"]}, patterns={"c": [so]}),
        lexicon(["so that", "that", "So"], Rule(case="sensitive"), name="second"),
        lexicon(["times", "so \\times"], Rule(latex="count"), name="third"),
        lexicon(["wai"], Rule(match="substring"), name="fourth"),
    ]
    texts = [
        "So far, so good. Wait, e.g. so \\times that",
        "",
        None,
        "so that so \\times so",
        "等等wait so far",
    ]
    for lexicons in (several, several[1:], several[1:3], several[3:], several[:1]):
        counts, places, numpy_counts, numpy_places = _both(traces(texts), lexicons, monkeypatch)
        assert counts.equals(numpy_counts)
        assert places.equals(numpy_places)
        assert len(places) > 0


@pytest.mark.parametrize("entries", [[], ["wait"], ["等"]])
def test_a_lexicon_may_have_next_to_nothing(entries: list[str]) -> None:
    counted = program.count(_column(["wait 2 等 x_1", "\\wait", ""]), plan_of((lexicon(entries),)))
    assert counted is not None
    assert counted.n_words.tolist() == [3, 0, 0]
    assert counted.n.tolist() == [1] * len(entries)


def test_no_lexicon_at_all() -> None:
    counted = program.count(_column(["wait, it's 2"]), plan_of(()))
    assert counted is not None
    assert (counted.n_chars.tolist(), counted.n_words.tolist(), counted.n.tolist()) == ([12], [2], [])


def test_more_phrases_than_pairs_are_worked_out_for() -> None:
    entries = [f"a{i} b*" for i in range(40)] + [f"b{'x' * (i // 26)}{chr(97 + i % 26)}" for i in range(2000)]
    assert surfaces("a7 bc, a8 bxxd a9 a", *entries) == ["a7 bc", "a8 bxxd"]


# Long and strange texts


@pytest.mark.parametrize("unit", ["a", "a'", "等", "\u0301", " ", "a ", "\\a", "é", "a\u0301", "’", "a b-"])
def test_a_text_much_longer_than_a_stretch(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = unit * (200_000 // len(unit))
    lexicons = [lexicon(["a", "a a a", "a*", "( a", "a )", "等等", "a b-a b", "é*"])]
    counts, _, numpy_counts, _ = _both(traces([text]), lexicons, monkeypatch)
    assert counts.equals(numpy_counts)


@pytest.mark.parametrize("engine_name", ["kernel", "numpy"])
def test_entries_may_end_in_punctuation(engine_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choice.VARIABLE, engine_name)
    assert surfaces("q.e.d. Q.E.D. q.e.d, q.e.d.. (q.e.d.) wait... q.e.dx.", "q.e.d.", "wait...") == [
        "q.e.d.",
        "Q.E.D.",
        "q.e.d.",
        "q.e.d.",
        "wait...",
    ]


def test_halves_of_surrogate_pairs_in_a_text_are_left_to_numpy() -> None:
    found = list(scan(["wait \ud83d wait", "wait"], plan_of((lexicon(["wait"]),))))
    assert sum(len(chunk.hits) for chunk in found) == 3


def test_one_line_of_many_megabytes() -> None:
    text = "wait, so that is it; " * 1_000_000
    counted = program.count(_column([text]), plan_of((lexicon(["so that", "that is", "it ; wait", "wait"]),)))
    assert counted is not None
    assert counted.n.tolist() == [1_000_000, 1_000_000]
    assert counted.n_words.tolist() == [5_000_000]


def test_a_phrase_of_more_tokens_than_a_stretch_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_STRETCH", 8)
    phrase = " ".join(["a b"] * 100)
    assert surfaces(f"b {phrase} {phrase} a b", phrase) == [phrase, phrase]


@pytest.mark.parametrize("gap", [" " * 5000, "." * 5000, "\u3000" * 999, " \n" + " " * 999])
def test_literal_text_and_gaps_across_stretches(gap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_STRETCH", 64)
    made = lexicon(["wait on", "( wait", "wait !", "\u0301 wait"])
    for text in (f"({gap}wait{gap}on", f"a\u0301{gap}wait{gap}!", f"-\u0301{gap}wait{gap}wait"):
        assert hits([text], made) == [expected(text, made)]


# Columns of all kinds


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)
def test_columns_of_any_string_type_in_pieces(kind: pa.DataType) -> None:
    texts = ["wait é", None, "no", "wait wait", None, "等wait", "x"]
    pieces = [pa.array(texts[:3], kind)[1:], pa.array([], kind), pa.array(texts[3:], kind)[1:]]
    made = lexicon(["wait", "no"])
    counted = program.count(pa.chunked_array(pieces), plan_of((made,)))
    assert counted is not None
    assert list(_triples(counted)) == [(1, 1, 1), (3, 0, 1)]
    assert counted.n_chars.tolist() == [0, 2, 0, 5, 1]
    assert counted.n_words.tolist() == [0, 1, 0, 2, 1]
    table = pa.table({"trace_id": list("abcde"), "response": pa.chunked_array(pieces)})
    assert match_table(table, [made]).select(["trace_id", "start", "surface"]).to_pylist() == [
        {"trace_id": "b", "start": 0, "surface": "no"},
        {"trace_id": "d", "start": 1, "surface": "wait"},
    ]


def test_a_column_of_nulls_and_one_without_rows() -> None:
    made = plan_of((lexicon(["wait"]),))
    nothing = program.count(pa.chunked_array([pa.nulls(3)]), made)
    assert nothing is not None
    assert nothing.n_words.tolist() == [0, 0, 0]
    none = program.count(pa.chunked_array([], pa.string()), made)
    assert none is not None
    assert (none.n_chars.tolist(), none.ends.tolist()) == ([], [])


def test_numbers_are_not_for_the_kernel() -> None:
    assert program.count(pa.chunked_array([[1, 2]]), plan_of((lexicon(["wait"]),))) is None


@pytest.mark.parametrize(
    "bad",
    [b"\xff", b"a\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"wait \xe2\x80", b"\xe0\x80\x80"],
)
@pytest.mark.parametrize("before", [0, 63, 20_000])
def test_bytes_that_are_no_text_are_left_to_the_other_engine(bad: bytes, before: int) -> None:
    data = b"wait " * (before // 5) + bad
    offsets = pa.py_buffer(np.array([0, 4, 4 + len(data), 9 + len(data)], np.int32))
    broken = pa.StringArray.from_buffers(3, offsets, pa.py_buffer(b"wait" + data + b"wait "))
    made = lexicon(["wait"])
    assert program.count(pa.chunked_array([broken]), plan_of((made,))) is None
    with pytest.raises(UnicodeDecodeError):
        count_table(pa.table({"trace_id": list("abc"), "response": broken}), [made])
    again = program.count(_column(["wait wait"]), plan_of((made,)))  # nothing is left of the broken text
    assert again is not None
    assert again.n.tolist() == [2]


# Nothing is read that was not given


def _search(offsets: Sequence[int], data: bytes = b"wait", **more: Any) -> Any:
    made = program._program(plan_of((lexicon(["wait"]),)), 64, -1)
    given = {"valid": b"", "first": 0, "n": len(offsets) - 1, "wide": False, "hits": False, **more}
    kind = np.int64 if given["wide"] else np.int32
    return choice.kernel().search(made, data, np.array(offsets, kind), *given.values())


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("offsets", [[0, 5], [-1, 4], [3, 1], [0, 4, 2], [0, 2**31 - 1], [5, 5]])
def test_offsets_outside_of_the_data_are_refused(offsets: list[int], wide: bool) -> None:
    with pytest.raises(ValueError, match="the offsets of the texts reach outside of their data"):
        _search(offsets, wide=wide)


@pytest.mark.parametrize(
    "more", [{"n": 2}, {"first": 1}, {"first": -1}, {"n": -1}, {"n": 2**62}, {"first": 2**62}]
)
def test_rows_that_are_not_there_are_refused(more: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="reach outside"):
        _search([0, 4], **more)


def test_too_few_bits_of_validity_are_refused() -> None:
    with pytest.raises(ValueError, match="reach outside"):
        _search([0] * 10 + [4], valid=b"\xff")
    assert _search([0] * 10 + [4], valid=b"\xff\xff") is not None


@pytest.mark.parametrize(("start", "end"), [([-1], [2]), ([0], [5]), ([3], [2]), ([0, 1], [1])])
def test_slices_outside_of_the_data_are_refused(start: list[int], end: list[int]) -> None:
    with pytest.raises(ValueError, match="a slice reaches outside of the data"):
        choice.kernel().slices(b"wait", np.array(start, np.int64), np.array(end, np.int64))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nasty.lexicons(), st.data())
def test_tables_with_wrong_numbers_are_refused_or_harmless(made: Lexicon, data: st.DataObject) -> None:
    plan = plan_of((made,))
    tables = tables_of(plan.machines[0])
    which = data.draw(st.integers(0, len(tables) - 1))
    changed = bytearray(tables[which])
    if changed and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    else:
        changed = changed[: data.draw(st.integers(0, len(changed)))]
    tables[which] = bytes(changed)
    entries = [plan.category.astype(np.uint32), plan.rank.astype(np.uint32), plan.mixed.astype(np.uint8)]
    try:
        built = choice.kernel().build(words.classes(), words.lower_table(), *entries, [tables], -1, 64)
    except ValueError:
        return
    text = pa.array(["wait so far, let's 2 等等 maybe a-b e.g. \\times (a) may be" * 3])
    _, offsets, buffer = text.buffers()
    for places in (False, True):
        choice.kernel().search(built, buffer, offsets, b"", 0, 1, False, places)


def test_codes_that_are_not_in_the_order_of_their_classes_are_refused() -> None:
    plan = plan_of((lexicon(["wait", "so that"]),))
    tables = tables_of(plan.machines[0])
    singles = np.frombuffer(tables[7], np.uint32)
    assert singles.tolist() == [0, 0, 1, 1, 1]  # of none, "wait", "so", "that"
    tables[7] = np.array([0, 0, 0, 0, 1], np.uint32).tobytes()
    entries = (plan.category.astype(np.uint32), plan.rank.astype(np.uint32), plan.mixed.astype(np.uint8))
    with pytest.raises(ValueError, match="a number is out of range"):
        choice.kernel().build(words.classes(), words.lower_table(), *entries, [tables], -1, 64)


@pytest.mark.parametrize("change", ["class", "lower", "size"])
def test_another_table_of_characters_is_refused(change: str) -> None:
    kinds, lower = words.classes().copy(), words.lower_table().copy()
    if change == "class":
        kinds[ord("a")] = words.OTHER
    elif change == "lower":
        lower[0x3A3] = 0x110000
    else:
        kinds = kinds[:-1]
    nothing = np.zeros(0, np.uint32)
    with pytest.raises(ValueError, match="the table of characters"):
        choice.kernel().build(kinds, lower, nothing, nothing, b"", [], -1, 64)


# At work


def test_threads_share_a_program() -> None:
    texts = [f"wait {i} so that's it, so far so good" * (i % 7 + 1) for i in range(3000)]
    column, plan = _column(texts), plan_of((definition.load("flexible_reasoning"),))
    alone = program.count(column, plan)
    with ThreadPoolExecutor(4) as pool:
        several = list(pool.map(lambda _: program.count(column, plan), range(8)))
    assert alone is not None
    for found in several:
        assert found is not None
        assert found.n.tolist() == alone.n.tolist()
        assert found.n_words.tolist() == alone.n_words.tolist()


def test_a_counter_of_lines_is_for_one_thread_at_a_time() -> None:
    counter = program.line_counter(plan_of((lexicon(["wait"]),)), "response")
    assert counter is not None
    lines = memoryview(b'{"response": "wait"}\n' * 2000)

    def add(_: int) -> int:
        try:
            return len(counter.add(lines)) + 1
        except ValueError as error:
            if "the counter is at work in another thread" not in str(error):
                raise
            return 0

    with ThreadPoolExecutor(4) as pool:
        added = sum(pool.map(add, range(100)))
    found = counter.take()
    assert added > 0
    assert found.n_lines == len(found.number) == found.counted.n.sum() == 2000 * added
    assert counter.take().n_lines == 0


@pytest.mark.parametrize("wrong", [None, object()])
def test_only_a_counter_counts(wrong: object) -> None:
    for call in (choice.kernel().take_lines, lambda what: choice.kernel().add_lines(what, b"")):
        with pytest.raises(ValueError, match="PyCapsule"):
            call(wrong)


def test_the_variable_chooses_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    column, plan = _column(["wait"]), plan_of((lexicon(["wait"]),))
    assert choice.describe() == f"kernel ({choice.kernel().instructions()})"
    monkeypatch.setenv(choice.VARIABLE, "numpy")
    assert program.count(column, plan) is None
    assert choice.describe() == "numpy (REASONLENS_ENGINE says so)"
    monkeypatch.setenv(choice.VARIABLE, "numba")
    with pytest.raises(InputError, match=r"REASONLENS_ENGINE is 'numba'; it can be 'kernel' or 'numpy'"):
        program.count(column, plan)


def test_where_it_was_not_built_numpy_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "_module", lambda: None)
    with pytest.raises(
        InputError, match="the kernel was not built when reasonlens was installed; install a C"
    ):
        choice.kernel()
    monkeypatch.delenv(choice.VARIABLE)
    assert choice.kernel() is None
    assert choice.describe().startswith("numpy (the faster kernel is built at installation")
    assert surfaces("Wait, so", "wait") == ["Wait"]
