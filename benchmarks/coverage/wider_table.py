"""Write the table of ``WIDER.md`` from ``wider.json``: ``python benchmarks/coverage/wider_table.py``."""

from __future__ import annotations

import json
from pathlib import Path

MARK = "<!-- table: written by wider_table.py -->"


def table(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the results as a Markdown table."""
    lines = ["| setting | method | coverage | rejected at .05 | not given |", "|---|---|---|---|---|"]
    for setting, rows in results.items():
        for method, row in rows.items():
            shown = [f"{row[key]:.3f}" if key in row else "" for key in ("coverage", "rejected")]
            total = row["n"] + row["undefined"]
            missing = f"{row['undefined'] / total:.3f}" if row["undefined"] else ""
            lines.append(f"| {setting} | {method} | {shown[0]} | {shown[1]} | {missing} |")
    return "\n".join(lines)


def main() -> None:
    """Replace all that follows the mark."""
    here = Path(__file__).parent
    results = json.loads((here / "wider.json").read_text("utf-8"))["results"]
    page = here / "WIDER.md"
    text = page.read_text("utf-8").partition(MARK)[0]
    page.write_text(f"{text}{MARK}\n\n{table(results)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
