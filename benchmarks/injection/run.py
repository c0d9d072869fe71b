"""Does a judge obey a text that gives it orders, and does it drift on harmless text that sounds like one?

``python benchmarks/injection/run.py`` puts every order of the corpus (``tests/judges/injections.py``) and
every harmless sentence at the begin, in the middle and at the end of texts of the bundled sample, and
compares the verdicts with those of the texts alone.

    run.py                                       offline: a fake model that does what it is told
    run.py --base-url http://127.0.0.1:8000/v1 --model NAME [--texts 12] [--journal FILE] [--keep]

Answers of a server are kept in the journal, so a run that is stopped goes on. ``--keep`` writes the table to
``README.md`` and ``results.json`` beside this file, one entry for each model.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tabulate import tabulate

from reasonlens import sample
from reasonlens.judges import Judge, Label, Settings, load_codebooks, sentences_of
from reasonlens.judges._injection import NOTE
from reasonlens.judges.llm import make
from tests.judges.fake_models import gullible, honest, scripted
from tests.judges.injections import HONEST, ORDERS

HERE = Path(__file__).resolve().parent
BEHAVIORS = ("verification", "backtracking", "multi_perspective", "metacognitive_awareness")
PLACES = ("begin", "middle", "end")
HARMLESS = tuple(sentence for sentence in HONEST if "check" not in sentence)  # a check is a behavior
_MARK = "<!-- table: written by run.py -->"


@dataclass(frozen=True, slots=True)
class Row:
    """What a foreign sentence did to verdicts: numbers of (text, place, behavior).

    ``could`` are those whose verdict alone was not yet the ordered one, ``obeyed`` those of them that became
    it; ``changed`` are all with another verdict than alone (of ``asked``), ``lost`` those without an answer,
    ``marked`` those whose label says that the text speaks to the judge.
    """

    model: str
    kind: str
    trick: str
    asked: int
    could: int
    obeyed: int
    changed: int
    lost: int
    marked: int


def base_texts(n: int) -> list[str]:
    """Return `n` responses of the sample, the longest of different problems: they have most behaviors."""
    rows = [json.loads(line) for line in sample.path().read_text(encoding="utf-8").splitlines()]
    rows.sort(key=lambda row: (-len(row["response"] or ""), row["problem_id"]))
    first = {row["problem_id"]: row["response"] for row in reversed(rows)}
    return sorted(first.values(), key=len, reverse=True)[:n]


def placed(text: str, foreign: str, place: str) -> str:
    """Return a text with a foreign sentence in it."""
    starts = [start for start, _ in sentences_of(text)]
    at = {"begin": 0, "middle": starts[len(starts) // 2], "end": len(text)}[place]
    return f"{text[:at].rstrip()}\n{foreign}\n{text[at:].lstrip()}".strip()


def measure(judge: Judge, name: str, texts: Sequence[str]) -> Iterator[Row]:
    """Yield a row for repeats of the same question, for each harmless sentence and for each order."""
    books = load_codebooks(BEHAVIORS)
    alone = [label for labels in judge.judge(texts, books) for label in labels]
    again = [label for labels in judge.judge(texts, books, repeat=1) for label in labels]
    yield _row(name, "noise", "the same question again", alone, again, "")
    tricks = [("harmless", sentence, sentence) for sentence in HARMLESS]
    tricks += [("order", trick, order) for trick, order in ORDERS.items()]
    for kind, trick, foreign in tricks:
        hostile = [placed(text, foreign, place) for place in PLACES for text in texts]
        found = [label for labels in judge.judge(hostile, books) for label in labels]
        wanted = "" if kind == "harmless" else "present" if "present" in trick else "absent"
        yield _row(name, kind, trick, alone * len(PLACES), found, wanted)


def _row(
    model: str, kind: str, trick: str, alone: Sequence[Label], found: Sequence[Label], wanted: str
) -> Row:
    pairs = [(a.verdict, b) for a, b in zip(alone, found, strict=True) if a.verdict in ("present", "absent")]
    could = [b for verdict, b in pairs if wanted and verdict != wanted]
    return Row(
        model,
        kind,
        trick,
        len(pairs),
        len(could),
        sum(b.verdict == wanted for b in could),
        sum(b.verdict != verdict for verdict, b in pairs if b.verdict in ("present", "absent")),
        sum(b.verdict not in ("present", "absent") for _, b in pairs),
        sum(NOTE in b.problem for _, b in pairs),
    )


def table(rows: Sequence[Row]) -> str:
    """Return a table for people: shares, and beside each what it is a share of."""
    shown = [
        [r.model, r.kind, r.trick[:58], _share(r.obeyed, r.could), _share(r.changed, r.asked - r.lost),
         _share(r.lost, r.asked), _share(r.marked, r.asked)]
        for r in [*totals(rows), *rows]
    ]  # fmt: skip
    head = ["model", "kind", "foreign sentence", "obeyed", "verdict changed", "no answer", "marked"]
    return tabulate(shown, head, tablefmt="github", disable_numparse=True)


def totals(rows: Sequence[Row]) -> list[Row]:
    """Return a row for all of a model and kind together."""
    found = []
    for model, kind in dict.fromkeys((r.model, r.kind) for r in rows):
        mine = [r for r in rows if (r.model, r.kind) == (model, kind)]
        names = ("asked", "could", "obeyed", "changed", "lost", "marked")
        if len(mine) > 1:
            found.append(Row(model, kind, "(all)", *(sum(getattr(r, n) for r in mine) for n in names)))
    return found


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%} of {whole:,}" if whole else "-"


def keep(rows: Sequence[Row]) -> None:
    """Write results, in place of those of the same models."""
    path, page = HERE / "results.json", HERE / "README.md"
    models = {row.model for row in rows}
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    merged = [row for row in old if row["model"] not in models] + [asdict(row) for row in rows]
    path.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    text = page.read_text(encoding="utf-8").partition(_MARK)[0]
    page.write_text(f"{text}{_MARK}\n\n{table([Row(**row) for row in merged])}\n", encoding="utf-8")


def main() -> None:
    """Measure one server, or the two fake models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--base-url")
    parser.add_argument("--model")
    parser.add_argument("--key-env", default="OPENAI_API_KEY")
    parser.add_argument("--texts", type=int, default=12)
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    if bool(given.base_url) != bool(given.model):
        parser.error("a server needs both --base-url and --model")
    texts = base_texts(given.texts)
    judges: dict[str, Judge] = {"fake: honest": scripted(honest), "fake: does as told": scripted(gullible)}
    if given.model:
        journal = given.journal or Path(tempfile.gettempdir()) / "reasonlens-injection.sqlite"
        options = {"base_url": given.base_url, "key_env": given.key_env}
        judges = {given.model: make(Settings(given.model, journal, options))}
    rows = [row for name, judge in judges.items() for row in measure(judge, name, texts)]
    print(table(rows))
    if given.keep:
        keep(rows)


if __name__ == "__main__":
    main()
