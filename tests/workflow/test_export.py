"""Files that people open: every format, no formulas, nothing half written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from reasonlens.core.errors import InputError
from reasonlens.workflow import export

FRAME = pd.DataFrame(
    {
        "model": ["=1+1", "+cmd", "-x", "@sum", "a|b_c*", "plain"],
        "rate": [0.5, float("nan"), -1.0, 1 / 3, 2e-7, 1e6],
        "n": [1, 2, 3, 4, 5, 6],
    }
)


def test_csv_disarms_formulas_and_keeps_numbers(tmp_path: Path) -> None:
    export.save(FRAME, tmp_path / "x.csv")
    back = pd.read_csv(tmp_path / "x.csv")
    assert back["model"].tolist() == ["'=1+1", "'+cmd", "'-x", "'@sum", "a|b_c*", "plain"]
    pd.testing.assert_series_equal(back["rate"], FRAME["rate"])
    assert b"\r" not in (tmp_path / "x.csv").read_bytes()


@pytest.mark.parametrize("suffix", [".parquet", ".json"])
def test_data_formats_come_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    export.save(FRAME, path)
    back = pd.read_parquet(path) if suffix == ".parquet" else pd.read_json(path)
    pd.testing.assert_frame_equal(back, FRAME, check_dtype=False)


def test_markdown_and_latex_escape_and_leave_undefined_cells_empty(tmp_path: Path) -> None:
    export.save(FRAME, tmp_path / "x.md")
    lines = (tmp_path / "x.md").read_text().splitlines()
    assert len(lines) == 2 + len(FRAME)
    assert "a\\|b\\_c\\*" in lines[6]
    assert lines[3].split("|")[2].strip() == ""
    export.save(FRAME, tmp_path / "x.tex")
    text = (tmp_path / "x.tex").read_text()
    assert "\\toprule" in text
    assert "b\\_c" in text
    assert "nan" not in text


def test_what_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"unknown suffix '\.xlsx'; use one of \.csv, \.parquet, \.json, \.md, \.tex"
    ):
        export.check(tmp_path / "x.xlsx")
    with pytest.raises(InputError, match=r"there is no folder .*absent; make it first"):
        export.check(tmp_path / "absent" / "x.csv")
    export.check(None)


@pytest.mark.parametrize("suffix", export.STREAMED)
def test_streams_of_tables_become_one_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    parts = [pa.table({"word": ["=wait", "b"], "n": [1, 2]}), pa.table({"word": ["c"], "n": [3]})]
    assert export.stream(iter(parts), path) == 3
    back = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
    assert back["n"].tolist() == [1, 2, 3]
    assert back["word"].tolist() == ["'=wait" if suffix == ".csv" else "=wait", "b", "c"]


def test_a_stream_that_breaks_leaves_no_file(tmp_path: Path) -> None:
    def parts():
        yield pa.table({"n": [1]})
        raise InputError("broken")

    with pytest.raises(InputError, match="broken"):
        export.stream(parts(), tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []
