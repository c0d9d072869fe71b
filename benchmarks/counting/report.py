"""Put what was measured into the README beside this file, between its two marks."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from corpus import HERE

START, END = "<!-- results -->", "<!-- end of results -->"
SCOUT = {
    "what": "MB of text per processor second",
    "reasonlens_mb_per_s": "reasonlens",
    "grep_scanner_mb_per_s": "grep_scanner",
    "ours_is_faster_by": "reasonlens is faster by",
}


def table(rows: list[dict[str, Any]], names: dict[str, str]) -> str:
    """Return rows as Markdown; `names` are the columns and their headings."""
    lines = ["| " + " | ".join(names.values()) + " |", "|---" + "|--:" * (len(names) - 1) + "|"]
    for row in rows:
        cells = ("" if pd.isna(row.get(name)) else str(row[name]) for name in names)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def two_cores(found: dict[str, Any]) -> str:
    """Return in words how much sooner two cores end than one."""
    spread = f"median of {found['pairs']} pairs of runs, {found['lowest']} to {found['highest']}"
    return (
        f"Two cores against one, {found['mb']:.0f} MB to Parquet: {found['median']} times as fast, by the "
        f"clock ({spread})."
    )


def sections(kept: dict[str, Any]) -> list[str]:
    """Return a heading with a table for everything in results.json."""
    counting, files = kept["counting"], kept["files"]
    machine = counting["machine"]
    versions = ", ".join(
        f"{name} {machine[name]}" for name in ("numpy", "spacy", "ripgrep") if name in machine
    )
    hits = counting["lexicon"]["hits_per_100_words"]
    where = f"{machine['processor']}, {machine['cores']} shared cores, engine {machine['engine']}, Python "
    where += f"{machine['python']}, {versions}"
    found = [
        where + f"; {machine['date']}, load {machine['load']} at the start, {counting['rounds']} rounds.",
        f"Texts in memory: {counting['corpus']}, {hits} hits per 100 words.",
        table(
            counting["programs"],
            {
                "program": "program",
                "mb": "MB per round",
                "mb_per_s": "MB per second",
                "lowest": "lowest",
                "highest": "highest",
                "ours_is_faster_by": "reasonlens is faster by",
            },
        ),
        "JSON lines to counts, MB of file per processor second:",
        table(
            files["to_counts"],
            {
                "list": "list",
                "entries": "entries",
                "reasonlens_mb_per_s": "reasonlens",
                "rg_mb_per_s": "rg",
                "ours_is_faster_by": "reasonlens is faster by",
            },
        ),
        "JSON lines to Parquet (the ratio is to the row for the largest file on one core):",
        table(
            files["to_parquet"],
            {
                "program": "program",
                "cores": "cores",
                "mb": "MB of file",
                "mb_per_cpu_s": "MB per processor second",
                "mb_per_s": "MB per second",
                "peak_mb": "peak memory, MB",
                "ours_is_faster_by": "reasonlens is faster by",
            },
        ),
        two_cores(files["two_cores"]),
    ]
    profile = {
        "phase": "phase",
        "ns_per_word": "ns per word",
        "percent": "%",
        "mb_per_s_so_far": "MB/s so far",
    }
    for name, rows in kept.get("phases", {}).items():
        found += [f"Where the time goes, {name}:", table(rows, profile)]
    if "tokens" in kept:
        columns = {
            "part": "part",
            "mb": "MB",
            "tokens": "tokens",
            "mb_per_s": "reasonlens",
            "tokenizer_mb_per_s": "tokenizer",
            "ours_is_faster_by": "reasonlens is faster by",
            "nothing_remembered_faster_by": "with nothing remembered",
            "same_text_again_faster_by": "the same text again",
        }
        found.append(
            "Model tokens, MB of text per processor second; each part is new text, the counts are equal:"
        )
        found.append(table(kept["tokens"]["parts"], columns))
    if "inspect_scout" in kept:
        scout = kept["inspect_scout"]
        about = f"{scout['traces']} traces ({scout['mb']} MB), load {scout['machine']['load']} at the start"
        found.append(f"inspect_scout {scout['inspect_scout']}, `grep_scanner`, {about}:")
        found.append(table(scout["rows"], SCOUT))
    if "end_to_end" in kept:
        columns = ("mb", "jobs", "wall_s", "cpu_s", "mb_per_cpu_s", "parent_mb", "worker_mb")
        headings = ("MB", "jobs", "wall s", "processor s", "MB per processor s", "parent MB", "worker MB")
        rounds = kept["end_to_end"]["rounds"]
        load = kept["end_to_end"]["machine"]["load"]
        found.append(
            f"The whole command `reasonlens tokens`, {rounds} round{'s' * (rounds > 1)}, "
            f"load {load} at the start:"
        )
        found.append(table(kept["end_to_end"]["runs"], dict(zip(columns, headings, strict=True))))
    return found


def sentence(kept: dict[str, Any]) -> str:
    """Return what the README of the project says about speed."""
    rows = {row["program"]: row for row in kept["counting"]["programs"]}
    times = [
        f"{rows[name]['ours_is_faster_by']} times {label}"
        for name, label in (
            ("spaCy PhraseMatcher", "spaCy's PhraseMatcher"),
            ("pandas and re", "pandas with `re`"),
            ("rg --count-matches", "`rg --count-matches`"),
        )
        if name in rows
    ]
    large = [run for run in kept.get("end_to_end", {}).get("runs", []) if run["mb"] == 1000]
    whole = " and ".join(f"{run['wall_s']} s with --jobs {run['jobs']}" for run in large)
    return (
        f"For the README: {rows['reasonlens']['mb_per_s']} MB/s of text, {', '.join(times)}; "
        f"the whole command on 1,000 MB takes {whole}."
    )


def main() -> None:
    """Rewrite the tables of the README beside this file, and say what belongs into that of the project."""
    path = HERE / "README.md"
    before, _, rest = path.read_text("utf-8").partition(START)
    kept = json.loads((HERE / "results.json").read_text("utf-8"))
    made = "\n\n".join(sections(kept))
    path.write_text(f"{before}{START}\n\n{made}\n\n{END}{rest.partition(END)[2]}", "utf-8")
    print("\n" + sentence(kept))


if __name__ == "__main__":
    main()
