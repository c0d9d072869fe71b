"""``reasonlens doctor``: what works here, and what is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from importlib import metadata

import click

from reasonlens import __version__
from reasonlens.cli._options import example
from reasonlens.lexicon.kernel import choice

_NEEDED = (
    "click",
    "matplotlib",
    "numpy",
    "orjson",
    "pandas",
    "pyarrow",
    "rich",
    "scipy",
    "seaborn",
    "zstandard",
)
_OPTIONAL = (
    ("spacy", "spacy", "lexicon patterns (spaCy Matcher)"),
    ("transformers", "tokenizers", "rates per 1,000 model tokens (--tokenizer)"),
    ("aiohttp", "judge", "behaviors --judge llm"),
    ("sklearn", "judge", "agree train, behaviors --judge local"),
    ("openai", "judge", "the Batch API, generate --backend openai"),
    ("math_verify", "grade", "grade: expressions that need algebra"),
    ("torch", "transformers", "generate --backend transformers"),
    ("vllm", "vllm", "generate and ban-ablation --backend vllm"),
    ("starlette", "view", "view and report"),
    ("trl", "train", "distill sft, distill rl"),
    ("ray", "ray", "--engine ray"),
    ("fsspec", "remote", "inputs by URL (s3://, gs://, ...)"),
)
_DISTRIBUTIONS = {"sklearn": "scikit-learn", "math_verify": "math-verify"}


def _installed(package: str) -> str | None:
    if importlib.util.find_spec(package) is None:
        return None
    try:
        return metadata.version(_DISTRIBUTIONS.get(package, package))
    except metadata.PackageNotFoundError:
        return "unknown version"


def _install(extra: str) -> str:
    return f"pip install 'reasonlens[{extra}]'"


def _line(good: bool, what: str, detail: str) -> None:
    click.echo(f"  {'ok     ' if good else 'missing'}  {what:<14} {detail}")


@click.command(epilog=example("reasonlens doctor"))
def command() -> None:
    """Say what works here, and what is missing.

    What is missing comes with its install line. The exit code is 1 if something that every
    command needs is missing.
    """
    click.echo(f"reasonlens {__version__}, Python {platform.python_version()}, {platform.platform()}")
    click.echo("Needed:")
    absent = [package for package in _NEEDED if _installed(package) is None]
    for package in _NEEDED:
        _line(package not in absent, package, _installed(package) or f"pip install {package}")
    click.echo("Optional:")
    for package, extra, purpose in _OPTIONAL:
        found = _installed(package)
        _line(bool(found), package, f"{found or _install(extra)}: {purpose}")
    click.echo("This machine:")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    free = shutil.disk_usage(".").free / 1e9
    click.echo(f"  cores {cores}, free disk here {free:.0f} GB")
    click.echo(f"  counting engine: {choice.describe()}")
    if absent:
        sys.exit(1)
