"""JSON lines to Parquet with counts per trace, as one program after another is usually written.

``python to_parquet.py PROGRAM SOURCE TARGET LEXICON THREADS`` runs one of them and prints what it used
after its imports: processor seconds, wall seconds, and the peak memory of the whole process.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from reasonlens.lexicon import definition

if TYPE_CHECKING:
    from reasonlens.lexicon.model import Lexicon

Work = Callable[[Path, Path], None]

CHUNK = 64 * 2**20
"""Bytes of the source that a row group is for."""


def ours(lexicon: Lexicon, threads: int) -> Work:
    """Count each entry per trace, and words, with `count_lines`."""
    import pyarrow.parquet as pq

    from reasonlens.lexicon.lines import PARQUET, SCHEMA, count_lines

    def work(source: Path, target: Path) -> None:
        with pq.ParquetWriter(target, SCHEMA, **PARQUET) as out:
            for table in count_lines(source, [lexicon], chunk=CHUNK, threads=threads):
                out.write_table(table)

    return work


def with_spacy(lexicon: Lexicon, threads: int) -> Work:
    """Count each category per trace with pandas and a ``PhraseMatcher``."""
    import pandas as pd
    import spacy
    from spacy.matcher import PhraseMatcher

    nlp = spacy.blank("en")
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    for category in lexicon.categories:
        matcher.add(category.name, [nlp.make_doc(entry.text) for entry in category.entries])

    def work(source: Path, target: Path) -> None:
        frame = pd.read_json(source, lines=True)
        docs = nlp.pipe(frame["response"])
        rows = [Counter(nlp.vocab.strings[key] for key, _, _ in matcher(doc)) for doc in docs]
        counts = pd.DataFrame(rows, index=frame.index).fillna(0).astype(int)
        counts["n_words"] = frame["response"].str.split().str.len()
        counts.to_parquet(target, compression="zstd")

    return work


def with_re(lexicon: Lexicon, threads: int) -> Work:
    """Count each category per trace with pandas and one alternation per category."""
    import pandas as pd

    patterns = {}
    for category in lexicon.categories:
        entries = sorted((re.escape(entry.text) for entry in category.entries), key=len, reverse=True)
        patterns[category.name] = re.compile(rf"(?<!\w)(?:{'|'.join(entries)})(?!\w)", re.IGNORECASE)

    def work(source: Path, target: Path) -> None:
        frame = pd.read_json(source, lines=True)
        counts = pd.DataFrame({name: frame["response"].str.count(each) for name, each in patterns.items()})
        counts["n_words"] = frame["response"].str.split().str.len()
        counts.to_parquet(target, compression="zstd")

    return work


PROGRAMS = {"reasonlens": ours, "pandas and spaCy": with_spacy, "pandas and re": with_re}


def peak() -> float:
    """Return the most memory that this process had, in MB of 10^6 bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would include the process that started this one
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1.024e-3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1e-6 if sys.platform == "darwin" else 1.024e-3
    )


def main(program: str, source: str, target: str, lexicon: str, threads: str) -> None:
    """Run one program and print what it used."""
    work = PROGRAMS[program](definition.load(lexicon), int(threads))
    wall, cpu = time.perf_counter(), time.process_time()
    work(Path(source), Path(target))
    used = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall, "peak_mb": peak()}
    print(json.dumps(used))


if __name__ == "__main__":
    main(*sys.argv[1:])
