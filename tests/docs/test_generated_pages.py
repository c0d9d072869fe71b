"""The reference pages are what the code says of itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def made(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, made in a process of its own: click keeps what a test asked of a command."""
    place = tmp_path_factory.mktemp("docs")
    shutil.copy(root / "docs" / "generate.py", place)
    subprocess.run([sys.executable, str(place / "generate.py")], check=True, cwd=root)
    return place


@pytest.mark.parametrize("name", ["commands.md", "tables.md"])
def test_the_page_is_up_to_date(root: Path, made: Path, name: str) -> None:
    stored = (root / "docs" / name).read_text(encoding="utf-8")
    assert stored == (made / name).read_text(encoding="utf-8"), "run: python docs/generate.py"
