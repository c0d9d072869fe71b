"""Real engines: vLLM in this process, and its server in another. Skipped where vLLM is not installed.

``.ci/vllm`` makes an environment with vLLM's CPU build and runs this folder in it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from reasonlens.backends import Backend, connect

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PROCESSOR = "reasonlens.bans.vllm_processor:BanProcessor"
CONTEXT = 16384  # tokens of the server
_CHOSEN = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_NO_USAGE_STATS": "1",
    # bound threads wait for each other in every one of the tiny model's operations: 20 times slower on a
    # machine that has other work
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
}
_READY = 1200.0  # seconds that a server may take to start: minutes where other programs run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("vllm") is None:
        absent = pytest.mark.skip(reason="vLLM is not installed here; .ci/vllm runs these tests")
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(absent)


@pytest.fixture(scope="session")
def engine_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny model, one that closes its reasoning now and then."""
    from tests.backends.tiny_model import make_model

    return make_model(tmp_path_factory.mktemp("models") / "tiny", closing=0.08)


@pytest.fixture(scope="session", autouse=True)
def quiet_engines() -> Iterator[None]:
    """Set what vLLM reads from the environment."""
    before = dict(os.environ)
    os.environ.update({**_CHOSEN, "VLLM_ENABLE_V1_MULTIPROCESSING": "0"})
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def engine(engine_model: Path) -> Iterator[Backend]:
    """The vLLM backend with the processor of bans."""
    backend = connect(
        "vllm",
        str(engine_model),
        dtype="float32",
        max_num_seqs=32,
        max_model_len=1024,
        processors=[PROCESSOR],
    )
    yield backend
    backend.close()


@dataclass(frozen=True)
class Served:
    """A running server: its address and the name of its model."""

    url: str
    model: str


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A vLLM server with the tiny model, our processor, and JSON schemas that a random model can fill.

    Its context is long enough for the question of a judge.
    """
    from tests.backends.tiny_model import make_model

    model = make_model(tmp_path_factory.mktemp("models") / "wide", context=CONTEXT)
    log = tmp_path_factory.mktemp("server") / "log.txt"
    port = _free_port()
    flags = {
        "--model": str(model),
        "--served-model-name": "tiny",
        "--host": "127.0.0.1",
        "--port": str(port),
        "--dtype": "float32",
        "--max-model-len": str(CONTEXT),
        "--max-num-seqs": "32",
        # whole prompts at once: the CPU build dies of a seeded request whose prompt it has cut
        "--max-num-batched-tokens": str(CONTEXT),
        "--structured-outputs-config.backend": "xgrammar",
        "--structured-outputs-config.disable_any_whitespace": "true",
        "--logits-processors": PROCESSOR,
    }
    words = [word for pair in flags.items() for word in pair]
    call = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *words, "--enforce-eager"]
    call += ["--no-enable-chunked-prefill"]
    environment = {**os.environ, **_CHOSEN, "PYTHONPATH": str(ROOT)}
    environment.pop("VLLM_ENABLE_V1_MULTIPROCESSING", None)
    with log.open("w") as file:
        process = subprocess.Popen(call, stdout=file, stderr=subprocess.STDOUT, env=environment)
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        yield Served(f"http://127.0.0.1:{port}/v1", "tiny")
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _READY
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the server ended with code {process.returncode}:\n{log.read_text()[-3000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the server was not ready after {_READY} s:\n{log.read_text()[-3000:]}")
