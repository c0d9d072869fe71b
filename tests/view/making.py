"""What the tests of the viewer are made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

import reasonlens
from reasonlens.core.study import Study
from reasonlens.view.app import make_app

TOKEN = "a-key"


def made_study(folder: Path, rows: Sequence[dict[str, Any]]) -> Study:
    """Return a counted study of `rows`, as a file of outputs has them."""
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    reasonlens.tokens([path], study=folder / "study", jobs=1)
    return Study(folder / "study")


def client_of(study: Study) -> TestClient:
    """Return a visitor who has the key."""
    visitor = TestClient(make_app(study, TOKEN))
    visitor.get(f"/?token={TOKEN}")
    return visitor
