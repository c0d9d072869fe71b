"""Lexicon files in TOML: what is read, and every message whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reasonlens.core.errors import DefinitionError, InputError
from reasonlens.lexicon.definition import Category, Entry, Lexicon, Pattern, Rule, load
from tests.lexicon.making import GOOD, write


def message(folder: Path, text: str) -> str:
    """Return the message for a file with `text`, its path as FILE."""
    path = write(folder, text)
    with pytest.raises(DefinitionError, match=re.escape(path)) as caught:
        load(path)
    return str(caught.value).replace(path, "FILE")


def with_entries(entries: str, rule: str = "") -> str:
    return f'version = "1"\n[rule]\n{rule}\n[category.c]\nentries = [\n{entries}\n]\n'


def test_everything_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    lexicon = load(path)
    assert lexicon == Lexicon(
        name="mine",
        version="3",
        title="My words",
        status="user",
        source="me",
        notes="none",
        rule=Rule(case="sensitive"),
        categories=(
            Category("waiting", "Waiting", (Entry("wait"), Entry("hold on", attested=True))),
            Category(
                "other",
                "other",
                (Entry("verif*"),),
                (Pattern("so,", ({"LOWER": "so"}, {"ORTH": ",", "OP": "?"})),),
            ),
        ),
        digest=lexicon.digest,
        path=path,
    )
    assert re.fullmatch("[0-9a-f]{16}", lexicon.digest)


def test_defaults(tmp_path: Path) -> None:
    lexicon = load(write(tmp_path, 'version = "1"\n[category.c]\nentries = ["a"]\n', "my words.toml"))
    assert (lexicon.name, lexicon.title, lexicon.status, lexicon.source) == (
        "my_words",
        "my_words",
        "user",
        "",
    )
    assert lexicon.rule == Rule("word", "insensitive", "skip", "count", "words")


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace('"mine"', '"w"').replace("\n", "\r\n").encode())
    assert load(path).digest == load(write(tmp_path, GOOD)).digest


MISTAKES = [
    ("version = \n", "FILE:1: not valid TOML: Invalid value (column 11); see docs/lexicons.md for the form"),
    (
        'version = "1"\n[category.c]\nentries = ["a"\n',
        "FILE: not valid TOML: Unclosed array (at end of document); see docs/lexicons.md for the form",
    ),
    (
        '[category.c]\nentries = ["a"]\n',
        (
            'FILE: the key "version" is missing; add version = "1", '
            "and raise it with every change of the entries"
        ),
    ),
    ("version = 1\n", 'FILE:1: version must be a text in quotes, not 1; write version = "1"'),
    ('\nversion = " "\n', "FILE:2: version is empty; fill it in"),
    (
        'version = "1"\nname = "a/b"\n[category.c]\nentries = ["a"]\n',
        "FILE:2: the name 'a/b' becomes part of a folder's name; use letters, digits and any of _ . + -",
    ),
    ('version = "1"\n', "FILE: the lexicon has no category; add at least one"),
    (
        'version = "1"\nstatus = "draft"\n',
        "FILE:2: status = 'draft' is unknown; known are published, reconstructed, composed, user",
    ),
    ('version = "1"\n\ncategories = 1\n', "FILE:3: unknown key 'categories'; did you mean 'category'?"),
    (
        'version = "1"\n[rule]\n\nmode = "x"\n',
        "FILE:4: unknown key 'mode' in [rule]; known are match, case, latex, unit, denominator",
    ),
    (
        'version = "1"\n[rule]\nmatch = "prefix"\n',
        "FILE:3: match = 'prefix' is unknown; known are word, substring, regex, segment",
    ),
    (
        'version = "1"\n[rule]\ncase = true\n',
        "FILE:3: case = True is unknown; known are insensitive, sensitive",
    ),
    (
        'version = "1"\n[rule]\nmatch = "regex"\nlatex = "skip"\n',
        'FILE:4: latex has a meaning for match = "word" only, not for "regex"; remove it',
    ),
    ('version = "1"\nrule = "word"\n', "FILE:2: rule must be a table; write it under [rule]"),
    (
        'version = "1"\n[[category]]\nname = "c"\n',
        "FILE:2: category must be a table; write it under [category.NAME]",
    ),
    ('version = "1"\n[category]\nc = ["a"]\n', "FILE:3: c must be a table; write it under [category.c]"),
    (
        'version = "1"\n[category.c]\nentrys = ["a"]\n',
        "FILE:3: unknown key 'entrys' in [category.c]; did you mean 'entries'?",
    ),
    ('version = "1"\n[category.c]\nentries = "a"\n', "FILE:3: entries must be a list; write entries = [...]"),
    (
        'version = "1"\n[category.a]\nentries = ["a"]\n[category.c]\nentries = []\n',
        "FILE:4: category 'c' has no entries; add some or remove it",
    ),
    ('version = "1"\n[category.""]\nentries = ["a"]\n', "FILE:2: a category has no name; give it one"),
    (
        with_entries("3"),
        'FILE:5: entry 1 of category \'c\' is 3; write "word" or { text = "word", attested = true }',
    ),
    (
        with_entries('"b",\n{ text = "a", starred = true }'),
        "FILE:7: category 'c': entry 'a' has the unknown key 'starred'; known are text, attested, at",
    ),
    (
        with_entries('{ text = "a", attested = "yes" }'),
        "FILE:6: category 'c': entry 'a' has attested = 'yes'; write true or false",
    ),
    (
        with_entries('{ text = "a", at = "end" }'),
        "FILE:6: category 'c': entry 'a' has at = 'end'; known are any, start",
    ),
    (
        with_entries('{ text = "a", at = "start" }'),
        "FILE:6: category 'c': entry 'a' has at = 'start', which needs match = 'segment' in [rule]",
    ),
    (with_entries('"b",\n" "'), "FILE:7: category 'c': entry ' ' is empty; remove it"),
    (
        with_entries('"a "'),
        (
            "FILE:6: category 'c': entry 'a ' starts or ends with white space; "
            "remove it (a boundary is there anyway)"
        ),
    ),
    (
        with_entries('"a\\n \\nb"'),
        (
            "FILE:6: category 'c': entry 'a\\n \\nb' contains a blank line, which a phrase never spans; "
            "make two entries of it"
        ),
    ),
    (
        with_entries('"?!"'),
        (
            "FILE:6: category 'c': entry '?!' has no letter or digit, so no word can match it; "
            "use match = 'substring' in a lexicon of its own"
        ),
    ),
    (
        with_entries('"so \\\\times"'),
        (
            "FILE:6: category 'c': entry 'so \\\\times' contains the LaTeX command '\\\\times', "
            "which latex = 'skip' leaves out; set latex = 'count'"
        ),
    ),
    *(
        (
            with_entries(f'"{entry}"'),
            (
                f"FILE:6: category 'c': entry {entry!r} has a '*' that does not end a word; "
                "a prefix is written 'verif*', and nothing else stands for any letters "
                "(use match = 'regex' in a lexicon of its own)"
            ),
        )
        for entry in ("*", "*ly", "a*b", "a**", "go * back", "-*", "a *", "a* *b", "a'*")
    ),
    (
        with_entries("'wait('", 'match = "regex"'),
        (
            "FILE:6: category 'c': entry 'wait(' is not a regular expression: "
            "missing ), unterminated subpattern at position 4"
        ),
    ),
    (
        with_entries("'(wait)?'", 'match = "regex"'),
        (
            "FILE:6: category 'c': entry '(wait)?' matches the empty text, so it would be everywhere; "
            "make it ask for at least one character"
        ),
    ),
    (
        with_entries('"wait",\n"b",\n"wait"'),
        "FILE:8: category 'c': entry 'wait' is there already (FILE:6); remove one",
    ),
    (
        with_entries('"wait",\n{ text = "wait", at = "start" }', 'match = "segment"'),
        "FILE:7: category 'c': entry 'wait' is there already (FILE:6); remove one",
    ),
    (
        with_entries('"let\'s  go",\n"b",\n"Let’s go"'),
        (
            "FILE:8: category 'c': entry 'Let’s go' is there already as \"let's  go\", "
            "which matches the same text (FILE:6); remove one"
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_mistakes(tmp_path: Path, text: str, expected: str) -> None:
    assert message(tmp_path, text) == expected


PATTERNS = [
    ("3", "FILE:3: pattern 1 of category 'c' has no name; its hits are counted under it"),
    (
        '{ name = "p", token = [] }',
        "FILE:3: category 'c': pattern 'p' has the unknown key 'token'; known are name, tokens",
    ),
    (
        '{ name = "p", tokens = ["so"] }',
        "FILE:3: category 'c': pattern 'p' needs tokens, a list of tables such as [{ LOWER = \"so\" }]",
    ),
    (
        '{ name = "p", tokens = [] }',
        "FILE:3: category 'c': pattern 'p' has no tokens; write tokens = [{ LOWER = \"so\" }]",
    ),
    (
        '{ name = " ", tokens = [{}] }',
        "FILE:3: category 'c': pattern ' ' has no name; hits are counted under it",
    ),
    (
        '{ name = "p", tokens = [{}, { POS = "VERB" }] }',
        (
            "FILE:3: category 'c': pattern 'p' asks in token 2 for 'POS', "
            "which spaCy's tokenizer alone does not know; only attributes of the text itself can be used"
        ),
    ),
    (
        '{ name = "p", tokens = [{ lower = "so" }] }',
        "FILE:3: category 'c': pattern 'p' asks in token 1 for 'lower', which is written LOWER",
    ),
    (
        '{ name = "p", tokens = [{ "wörd" = "so" }] }',
        (
            "FILE:3: category 'c': pattern 'p' asks in token 1 for 'wörd', "
            "which is no attribute of a spaCy token"
        ),
    ),
    (
        '{ name = "p", tokens = [{ LOWER = "so", OP = "??" }] }',
        (
            "FILE:3: category 'c': pattern 'p' has the operator '??' in token 1; "
            "known are ! ? + * {n} {n,m} {n,} {,m}"
        ),
    ),
    (
        '{ name = "p", tokens = [{ LOWER = "so", OP = "?" }] }',
        (
            "FILE:3: category 'c': pattern 'p' matches no token at all, so it would be everywhere; "
            "let at least one token be required"
        ),
    ),
    (
        '{ name = "p", tokens = [{}] },\n{ name = "P", tokens = [{}] }',
        (
            "FILE:4: category 'c': entry 'P' is there already as 'p', which matches the same text (FILE:3); "
            "remove one"
        ),
    ),
]


@pytest.mark.parametrize(("pattern", "expected"), PATTERNS)
def test_mistakes_in_patterns(tmp_path: Path, pattern: str, expected: str) -> None:
    assert message(tmp_path, f'version = "1"\n[category.c]\npatterns = [{pattern}]\n') == expected


def test_the_same_word_may_be_in_two_categories_and_in_two_cases(tmp_path: Path) -> None:
    text = 'version = "1"\n[rule]\ncase = "sensitive"\n'
    text += '[category.a]\nentries = ["Wait", "wait"]\n[category.b]\nentries = ["wait"]\n'
    lexicon = load(write(tmp_path, text))
    assert [len(category.entries) for category in lexicon.categories] == [2, 1]


def test_what_is_refused_under_one_rule_is_fine_under_another(tmp_path: Path) -> None:
    for rule, entry in [
        ("", '"verif* it*"'),
        ("", '"expose\u0301*"'),
        ("", '"a_* 3*"'),
        ("", '"等等*"'),
        ('match = "substring"', '" wait "'),
        ('match = "substring"', '"*"'),
        ('match = "substring"', '"?!"'),
        ('match = "segment"', '{ text = "wait", at = "start" }'),
        ('latex = "count"', '"\\\\times"'),
        ('match = "regex"', "'wai*t'"),
    ]:
        assert len(load(write(tmp_path, with_entries(entry, rule))).categories[0].entries) == 1


def test_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b'version = "1"\nnotes = "caf\xe9"\n')
    expected = f"{path}:2: not UTF-8; convert it, for instance: iconv -f WINDOWS-1252 -t UTF-8 latin.toml"
    with pytest.raises(DefinitionError, match=re.escape(expected) + r"\Z"):
        load(path)


def test_no_file(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    expected = f"{path}: cannot be read: No such file or directory; check the path"
    with pytest.raises(InputError, match=re.escape(expected) + r"\Z"):
        load(str(path))
