"""The reference pages are what the code says of itself."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["commands.md", "tables.md"])
def test_the_page_is_up_to_date(root: Path, name: str) -> None:
    spec = importlib.util.spec_from_file_location("generate", root / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stored = (root / "docs" / name).read_text(encoding="utf-8")
    assert stored == module.PAGES[name](), "run: python docs/generate.py"
