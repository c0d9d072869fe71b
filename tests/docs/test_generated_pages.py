"""The reference page is what the commands say of themselves."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_the_page_is_up_to_date(root: Path) -> None:
    spec = importlib.util.spec_from_file_location("generate", root / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stored = module.PAGE.read_text(encoding="utf-8")
    assert stored == module.page(), "run: python docs/generate.py"
