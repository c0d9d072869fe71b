"""A user's script runs once, however many processes its work takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reasonlens.core.processes import without_main

SCRIPT = """\
import sys
import reasonlens

print("begun", flush=True)
found = reasonlens.tokens(sys.argv[1], study=sys.argv[2], jobs=2)
print(found.sums.n_traces, "rows", flush=True)
"""


def test_a_script_without_a_guard_runs_once(tmp_path: Path, root: Path) -> None:
    for name in ("a", "b"):
        line = f'{{"response": "Wait, so {name}.", "problem": "p", "model": "m"}}\n'
        (tmp_path / f"{name}.jsonl").write_text(line, "utf-8")
    (tmp_path / "script.py").write_text(SCRIPT, "utf-8")
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py", tmp_path / "*.jsonl", tmp_path / "study"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["begun", "2 rows"]


def test_the_main_module_comes_back() -> None:
    main = sys.modules["__main__"]
    with without_main():
        assert not hasattr(sys.modules["__main__"], "__file__")
    assert sys.modules["__main__"] is main
    with pytest.raises(ZeroDivisionError), without_main():
        _ = 1 // 0
    assert sys.modules["__main__"] is main
