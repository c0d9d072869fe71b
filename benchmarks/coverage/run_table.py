"""Write the tables of ``docs/statistics.md`` from ``results.json`` (run it after ``run.py``)."""

from __future__ import annotations

import json
from pathlib import Path

BEGIN = "<!-- tables: written by benchmarks/coverage/run_table.py -->"
END = "<!-- end of tables -->"

Row = dict[str, dict[str, float]]


def tables(results: dict[str, dict[str, Row]]) -> str:
    """Return the results as three Markdown tables."""
    single = [
        [name, _missed(row["rate"]), *(_coverage(row, what) for what in ("mean words", "mean words, t"))]
        for name, row in results["single"].items()
    ]
    share = [[name, _missed(row["share"])] for name, row in results["share"].items()]
    tests = ("test", "test of the ratio", "test, unpaired", "test of shares (null)")
    pair = [
        [
            name,
            _missed(row["ratio"]),
            _missed(row["difference"]),
            ", ".join(f"{row[f'{what}, unpaired']['coverage']:.3f}" for what in ("ratio", "difference")),
            *(f"{row[test]['rejected']:.3f}" for test in tests),
        ]
        for name, row in results["pair"].items()
    ]
    heads = ["two groups", "ratio", "difference", "both, all problems"]
    heads += ["p of the difference", "of the ratio", "all problems", "of shares (null)"]
    return "\n\n".join(
        [
            _table(["one group", "rate", "mean length, log scale", "mean length, `mean_of_sums`"], single),
            _table(["share of responses", "coverage"], share),
            _table(heads, pair),
        ]
    )


def _coverage(row: Row, what: str) -> str:
    return f"{row[what]['coverage']:.3f}" if what in row else ""


def _missed(row: dict[str, float]) -> str:
    return f"{row['coverage']:.3f} ({row['too_high']:.3f} / {row['too_low']:.3f})"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Replace what is between the marks."""
    here = Path(__file__).parent
    results = json.loads((here / "results.json").read_text("utf-8"))
    page = here.parents[1] / "docs" / "statistics.md"
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{tables(results)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
