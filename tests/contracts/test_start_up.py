"""``import reasonlens`` and ``reasonlens --help`` load nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    *("numpy", "pandas", "pyarrow", "scipy", "matplotlib", "seaborn"),
    *("spacy", "transformers", "openai", "torch", "vllm"),
}
CALL = "from click.testing import CliRunner\nfrom reasonlens.cli import cli\n"


def loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(out.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import reasonlens",
        f"{CALL}assert CliRunner().invoke(cli, ['--help']).exit_code == 0",
        f"{CALL}assert CliRunner().invoke(cli, ['tokens', '--help']).exit_code == 0",
    ],
    ids=["import", "--help", "tokens --help"],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert loaded(code) & HEAVY == set()


def test_counting_leaves_the_largest_modules_out() -> None:
    code = "import reasonlens.cli._tokens, sys\nprint(*sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(out.stdout.split())
    assert "reasonlens.workflow.tokens" in modules
    assert not modules & {"scipy.stats", "matplotlib", "sklearn", "torch", "statsmodels"}
