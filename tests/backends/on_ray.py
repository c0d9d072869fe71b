"""Decode on replicas in a Ray cluster: ``python -m tests.backends.on_ray MODEL ENGINE``.

ENGINE is ``made-up`` or ``vllm``. Apart from pytest, since Ray starts processes and warns of things that are
not ours. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from reasonlens.backends import Completion, SamplingParams
from reasonlens.backends._vllm_engine import Engine
from reasonlens.backends._vllm_jobs import AHEAD, Job, Settings
from reasonlens.backends._vllm_ray import RayReplicas
from reasonlens.backends.vllm import VllmBackend
from reasonlens.core.errors import BackendError, ReasonlensError
from tests.backends.contract import ask


class MadeUp:
    """Ends one request a step, the text being the process."""

    def __init__(self, settings: Settings) -> None:
        if settings.dtype == "none":
            raise BackendError("there is no such dtype")
        self.settings = settings
        self._jobs: dict[str, Job] = {}

    @property
    def unfinished(self) -> int:
        return len(self._jobs)

    def add(self, job: Job, sampling: SamplingParams) -> Completion | None:
        if job.seed == 13:
            return Completion(job.request_id, "", "error", 0, problem="unlucky")
        assert len(self._jobs) < AHEAD * self.settings.max_num_seqs
        self._jobs[job.request_id] = job
        return None

    def step(self) -> list[Completion]:
        time.sleep(0.01)
        name = next(iter(self._jobs))
        del self._jobs[name]
        return [Completion(name, str(os.getpid()), "stop", 1)]


def problem(settings: Settings, n: int, engine: Any) -> str:
    try:
        RayReplicas(settings, n, "local", engine).close()
    except ReasonlensError as error:
        return str(error)
    return ""


def drawn(backend: VllmBackend, kill: bool) -> dict[str, list[str]]:
    """Draw 40 completions; kill a replica when the first one is there."""
    found = {}
    for completion in backend.generate(ask(40), SamplingParams(top_p=1.0, max_tokens=12)):
        if kill and not found:
            import ray

            ray.kill(backend._engine._replicas[0])
        assert completion.request_id not in found
        found[completion.request_id] = [completion.finish, completion.text, completion.problem]
    return found


def main(model: str, engine: str) -> None:
    """Draw, draw while a replica dies, and be refused."""
    settings = Settings(model, dtype="float32", max_model_len=256, max_num_seqs=4, enforce_eager=True)
    kind: Any = Engine if engine == "vllm" else MadeUp
    backend = VllmBackend(model, settings, RayReplicas(settings, 2, "local", kind))
    told: dict[str, Any] = {"all": drawn(backend, False), "killed": drawn(backend, True)}
    told["left"] = len(backend._engine._replicas)
    backend.close()
    if kind is MadeUp:
        told["refused"] = problem(Settings(model, dtype="none"), 1, kind)
        told["too many"] = problem(settings, 1000, kind)
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
