"""Write what the fuzz target of the counting kernel reads: programs, words, and texts to start from."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from hypothesis import HealthCheck, given, seed, settings

from reasonlens.lexicon import definition
from reasonlens.lexicon.kernel.tables import tables_of
from reasonlens.lexicon.plan import plan_of
from reasonlens.text import words
from tests.lexicon import nasty

N_LEXICONS = 30
N_TEXTS = 60
JSON = [
    *('{"t": "', '"}', '"t"', "null", "[1, 2.5e3]", "true"),
    *("\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\\\", '\\"'),
]
TEXT = [" ", "\u2019", "\u0301", "\u3000", "等", "\\times", "_", "7"]

lexicons = [definition.load("flexible_reasoning")]


@seed(7)
@settings(max_examples=N_LEXICONS, database=None, suppress_health_check=list(HealthCheck))
@given(nasty.lexicons())
def collect(made: Any) -> None:
    """Keep what the tests make up."""
    lexicons.append(made)


def write(file: BinaryIO, table: Any) -> None:
    """Write one table: its size, then its bytes."""
    raw = bytes(memoryview(table).cast("B")) if len(table) else b""
    file.write(struct.pack("<I", len(raw)) + raw)


def write_programs(file: BinaryIO) -> None:
    """Write the table of characters, then every program."""
    write(file, words.classes())
    write(file, words.lower_table())
    for made in lexicons[:N_LEXICONS]:
        plan = plan_of((made,))
        file.write(struct.pack("<I", len(plan.machines)))
        for table in (plan.category.astype("<u4"), plan.rank.astype("<u4"), plan.mixed.astype(np.uint8)):
            write(file, table)
        for machine in plan.machines:
            for table in tables_of(machine):
                write(file, table)


def parts() -> list[str]:
    """Return the entries and their words, those that fit on a line."""
    entries = [entry.text for made in lexicons for category in made.categories for entry in category.entries]
    found = {part for entry in entries for part in (entry, *entry.split())}
    return sorted(part for part in found if "\n" not in part and "\0" not in part and len(part.encode()) < 40)


collect()
with Path("programs.bin").open("wb") as programs:
    write_programs(programs)
Path("words.txt").write_text("\n".join([*parts(), *JSON, *TEXT]) + "\n", encoding="utf-8")
escaped = ("".join(f"\\x{byte:02x}" for byte in part.encode()) for part in [*parts(), *JSON])
Path("words.dict").write_text("".join(f'"{part}"\n' for part in escaped), encoding="ascii")
Path("corpus").mkdir()
choose = random.Random(7)
for number in range(N_TEXTS):
    some = choose.choices([*parts(), *TEXT, " ", ", "], k=choose.randint(3, 60))
    text = choose.choice(["", " "]).join(some)
    line = '{"id": [1, {"x": null}], "t": "' + text.replace("\\", "\\\\").replace('"', "\\u0022") + '"}'
    start = choose.randbytes(2)  # which program, and the size of its stretches
    Path("corpus", str(number)).write_bytes(start + choose.choice([text, line]).encode())
