"""Dictionaries of other programs, read from the user's disk: LIWC ``.dic`` and quanteda YAML.

Both are read under the word rule (case-insensitive; ``*`` ends a prefix), which is what their
programs do with words, up to what each takes for a word. Two things that are harmless are
repaired and said in the notes of the lexicon: an entry that is twice in a category counts
once, and an entry without a letter or digit (an emoticon) is left out. Whatever else cannot
be counted exactly is refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reasonlens.core.errors import DefinitionError
from reasonlens.lexicon.checks import folded
from reasonlens.lexicon.draft import Card, Draft, finish, safe_name
from reasonlens.lexicon.model import Entry, Lexicon, Rule

if TYPE_CHECKING:
    import yaml

__all__ = ["liwc", "quanteda"]

_RULE = Rule()
_SHOWN = 5
_IDS = re.compile(r"\d+(\s+\d+)*")
_CONDITION = re.compile(r"[<(/]")


def liwc(text: str, path: str) -> Lexicon:
    """Return the lexicon in a LIWC dictionary (2001, 2007 and 2015 form).

    Between two lines ``%`` stand the categories, ``id<TAB>name``; below them the entries,
    ``entry<TAB>id<TAB>id``. A phrase has spaces in it. Conditional entries of LIWC 2007
    (``kind<TAB>(02 134)125/464``) are refused: what they count depends on the next words.

    Raises
    ------
    DefinitionError
        For the first line that cannot be read, with its number and what to do.
    """
    lines = [(f"{path}:{number}", line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    marks = [i for i, (_, line) in enumerate(lines) if line.strip() == "%"]
    if len(marks) < 2 or marks[0] != 0:
        raise DefinitionError(
            f"{path}: a LIWC dictionary begins with its categories between two lines that hold only %; "
            "if this is a .dicx or .csv file with another ending, save it as .dic from LIWC"
        )
    drafts = _liwc_categories(lines[1 : marks[1]])
    for place, line in lines[marks[1] + 1 :]:
        entry, ids = _liwc_entry(line, place)
        for number in dict.fromkeys(ids):
            if number not in drafts:
                raise DefinitionError(
                    f"{place}: entry {entry!r} is in category {number}, which the header does not name; "
                    "add it between the two % lines or remove the number"
                )
            drafts[number].entries.append((Entry(entry), place))
    return _finish(path, "LIWC dictionary", list(drafts.values()))


def _liwc_categories(lines: list[tuple[str, str]]) -> dict[str, Draft]:
    drafts: dict[str, Draft] = {}
    for place, line in lines:
        number, _, rest = line.strip().partition("\t")
        if not rest:
            number, _, rest = line.strip().partition(" ")
        if not number.isdecimal() or not rest.strip():
            raise DefinitionError(
                f"{place}: {line.strip()!r} is no category; write its number, a tab and its name"
            )
        number = str(int(number))
        if number in drafts:
            raise DefinitionError(
                f"{place}: category number {number} is there already ({drafts[number].place}); "
                "give it another"
            )
        title = rest.strip()
        name = title.partition(" (")[0]  # 2015 writes "posemo (Positive Emotions)"
        if any(draft.name == name for draft in drafts.values()):
            raise DefinitionError(f"{place}: category name {name!r} is there already; give it another")
        drafts[number] = Draft(name, title, place)
    return drafts


def _liwc_entry(line: str, place: str) -> tuple[str, list[str]]:
    entry, tab, rest = line.strip().partition("\t")
    if not tab:  # some hand-made files have spaces where a tab belongs
        entry, _, rest = _split_ids(line.strip())
    entry, rest = entry.strip(), rest.strip()
    if _IDS.fullmatch(rest):
        return entry, [str(int(number)) for number in rest.split()]
    if _CONDITION.search(rest):
        raise DefinitionError(
            f"{place}: entry {entry!r} has the condition {rest!r}, which is not supported; "
            "replace it by plain category numbers, or remove the line"
        )
    raise DefinitionError(
        f"{place}: {line.strip()!r} is no entry; write the word, a tab and its category numbers, "
        "with tabs between them"
    )


def _split_ids(line: str) -> tuple[str, str, str]:
    found = re.search(r"\s+\d+(\s+\d+)*$", line)
    return (line[: found.start()], " ", found.group()) if found else (line, "", "")


def quanteda(text: str, path: str) -> Lexicon:
    """Return the lexicon in a quanteda dictionary (YAML).

    Nested keys become one category name, joined with ``"."``; values are lists of words and
    phrases. The glob ``*`` is taken at the end of a word, ``?`` not at all. Words that YAML
    would read as something else (``no``, ``on``, ``1``) stay words.

    Raises
    ------
    DefinitionError
        For the first mistake, with its line and what to do.
    """
    import yaml  # here, so that only who reads YAML loads it

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = path if mark is None else f"{path}:{mark.line + 1}"
        raise DefinitionError(
            f"{place}: not valid YAML: {error.problem or error.context}; mend the line"
        ) from None
    except yaml.YAMLError as error:  # a character that YAML forbids; it comes without a mark
        raise DefinitionError(f"{path}: not valid YAML: {str(error).splitlines()[0]}; remove it") from None
    drafts = _Tree(path).drafts(root)
    return _finish(path, "quanteda dictionary", drafts)


class _Tree:
    """Walks the nodes of a YAML text; nodes have lines, and scalars keep their spelling."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.seen: set[int] = set()
        self.found: dict[str, Draft] = {}

    def drafts(self, root: yaml.Node | None) -> list[Draft]:
        import yaml

        if not isinstance(root, yaml.MappingNode):
            raise DefinitionError(f"{self.path}: a quanteda dictionary is a mapping; write KEY: [word, word]")
        self.walk(root, ())
        return list(self.found.values())

    def walk(self, node: yaml.Node, keys: tuple[str, ...]) -> None:
        import yaml

        place = f"{self.path}:{node.start_mark.line + 1}"
        if id(node) in self.seen:
            raise DefinitionError(f"{place}: an alias (*name) is used here; write its words out")
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode) or not key.value.strip():
                    raise DefinitionError(f"{place}: a key must be a word; write KEY: [word, word]")
                self.child(value, (*keys, key.value), f"{self.path}:{key.start_mark.line + 1}")
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self.walk(item, keys)
        else:
            self.entry(node.value, keys, place)

    def child(self, node: yaml.Node, keys: tuple[str, ...], place: str) -> None:
        import yaml

        name = ".".join(keys)
        if name in self.found:
            raise DefinitionError(
                f"{place}: category {name!r} is there already ({self.found[name].place}); join the two"
            )
        if isinstance(node, yaml.ScalarNode):
            draft = self.found[name] = Draft(name, name, place)
            if "," in node.value:
                raise DefinitionError(
                    f"{place}: category {name!r} is the text {node.value!r}; write a list: [{node.value}]"
                )
            if node.tag != "tag:yaml.org,2002:null":
                draft.entries.append(self.checked(node.value, name, place))
            return
        before = len(self.found)
        self.found[name] = Draft(name, name, place)
        self.walk(node, keys)
        if not self.found[name].entries and len(self.found) > before + 1:
            del self.found[name]  # only a heading over nested keys

    def entry(self, text: str, keys: tuple[str, ...], place: str) -> None:
        name = ".".join(keys)
        self.found[name].entries.append(self.checked(text, name, place))

    def checked(self, text: str, name: str, place: str) -> tuple[Entry, str]:
        if "?" in text:
            raise DefinitionError(
                f"{place}: category {name!r}: entry {text!r} has a '?', which stands for any character in "
                "quanteda and is not supported; list the words it means"
            )
        return Entry(" ".join(text.split())), place


def _finish(path: str, kind: str, drafts: list[Draft]) -> Lexicon:
    notes = list(_repair(drafts))
    name = safe_name(Path(path).stem)
    card = Card(
        name, "unversioned", name, path, source=f"{kind} {Path(path).name}", notes="\n".join(notes), path=path
    )
    return finish(card, _RULE, drafts)


def _repair(drafts: list[Draft]) -> Iterator[str]:
    """Leave out what is harmless to leave out, and yield a note for each kind of thing."""
    wordless: list[str] = []
    twice: list[str] = []
    for draft in drafts:
        kept: dict[str, tuple[Entry, str]] = {}
        for entry, place in draft.entries:
            key = folded(entry.text, _RULE)
            if entry.text and not any(character.isalnum() for character in entry.text) and entry.text != "*":
                wordless.append(entry.text)
            elif key in kept:
                twice.append(entry.text)
            else:
                kept[key] = (entry, place)
        draft.entries = list(kept.values())
    if wordless:
        yield f"Left out, no letter or digit in it: {_shown(wordless)}."
    if twice:
        yield f"Twice in one category, counted once: {_shown(twice)}."


def _shown(texts: list[str]) -> str:
    unique = list(dict.fromkeys(texts))
    more = f" and {len(unique) - _SHOWN} more" if len(unique) > _SHOWN else ""
    return ", ".join(repr(text) for text in unique[:_SHOWN]) + more
