"""What the page on agreement says of trained judges is what the benchmark kept."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd


def test_kappa_of_trained_judges(root: Path) -> None:
    kept = json.loads((root / "benchmarks" / "local" / "results.json").read_text("utf-8"))["rows"]
    kappa = pd.DataFrame([{**row, "kappa": row["kappa"][0]} for row in kept]).pivot_table(
        index="behavior", columns="judge", values="kappa"
    )
    least, most = kappa.min().map("{:.2f}".format).str[1:], kappa.max().map("{:.2f}".format).str[1:]
    gain = f"{(kappa['n-grams and embeddings'] - kappa['n-grams']).max():.2f}"[1:]
    page = " ".join((root / "docs" / "agreement.md").read_text("utf-8").split())
    assert f"n-grams reach a kappa of {least['n-grams']} to {most['n-grams']} with the labels" in page
    assert f"the rules {least['rules']} to {most['rules']}; a small encoder adds {gain} at most" in page
