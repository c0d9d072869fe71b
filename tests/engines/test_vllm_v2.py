"""Bans under vLLM's Model Runner V2, the default on GPUs, with its Triton kernels interpreted on a CPU.

V2 has to be chosen before vLLM is imported, so the decoding is in a process of its own
(`tests.engines.decode_v2`). The interpreter makes about ten tokens a second: a few texts, not thousands.
Triton must not be where other tests of vLLM's CPU build find it: it lies apart, in ``PREFIX/triton`` or
``$REASONLENS_TRITON``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backends.tiny_model import LOOK_ALIKES, TARGETS
from tests.engines.conftest import ROOT

TRITON = Path(os.environ.get("REASONLENS_TRITON", Path(sys.prefix) / "triton"))


@pytest.mark.skipif(
    not (TRITON / "triton").is_dir(),
    reason=f"Triton is not in {TRITON}: pip install --no-deps --target {TRITON} triton==3.6.0",
)
def test_banned_words_never_come_under_the_second_runner(engine_model: Path) -> None:
    paths = os.pathsep.join((str(ROOT), str(TRITON)))
    call = [sys.executable, "-m", "tests.engines.decode_v2", str(engine_model)]
    done = subprocess.run(
        call, env={**os.environ, "PYTHONPATH": paths}, cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["steps"] > 0  # the rows of V2 were at work, not those of V1
    assert told["filtered"] == told["steps"]  # with top-p and top-k, as in the real experiment
    assert told["put_back"] >= 4  # preempted, and taken up again
    assert "a ban does not work with speculative decoding" in told["refusal"]
    assert told["texts"] == [16, 16]
    assert sum(told["free"].get(word, 0) for word in TARGETS) >= 8
    assert told["banned"] == {}
    assert sum(told["alike"].get(word, 0) for word in LOOK_ALIKES) >= 8
    for within, after in told["phases"].values():
        assert within == 0
        assert after >= 4
