"""Several vLLM engines side by side, each in a process of its own with its share of the GPUs."""

from __future__ import annotations

import multiprocessing
import os
import queue
from typing import Any

from reasonlens.backends import Completion, SamplingParams
from reasonlens.backends._vllm_engine import Engine
from reasonlens.backends._vllm_jobs import Job, Running, Settings
from reasonlens.core.errors import BackendError, ReasonlensError
from reasonlens.core.processes import without_main

__all__ = ["Replicas"]

_WAIT = 0.5  # seconds between looks at whether the processes are alive


class Replicas(Running):
    """What `Engine` is, spread over processes: jobs go to whichever has room."""

    def __init__(self, settings: Settings, n: int) -> None:
        super().__init__(settings, n)
        context = multiprocessing.get_context("spawn")
        self._jobs: Any = context.Queue()
        self._said: Any = context.Queue()
        shares = _shares(settings, n)
        self._processes = [
            context.Process(target=_work, args=(settings, share, self._jobs, self._said)) for share in shares
        ]
        with without_main():
            for process in self._processes:
                process.start()
        for _ in range(n):
            self._take()  # each says that it has started, or why it has not
        from transformers import AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(settings.model, revision=settings.revision)

    def add(self, job: Job, sampling: SamplingParams) -> None:
        """Hand over a request."""
        self._jobs.put((job, sampling))
        self._running.add(job.request_id)

    def step(self) -> list[Completion]:
        """Wait for what ends next."""
        completion = self._take()
        self._running.discard(completion.request_id)
        return [completion]

    def abort(self) -> None:
        """Forget what is being worked on; the processes finish it all the same."""
        self._running.clear()

    def close(self) -> None:
        """Stop every process."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(10)

    def _take(self) -> Any:
        while True:
            try:
                said = self._said.get(timeout=_WAIT)
            except queue.Empty:
                dead = [p.exitcode for p in self._processes if not p.is_alive()]
                if dead:
                    self.close()
                    raise BackendError(
                        f"a vLLM process ended with code {dead[0]}; what is finished is kept. Its own lines "
                        "above say more; run the same command again to go on"
                    ) from None
                continue
            if isinstance(said, ReasonlensError):
                self.close()
                raise said
            return said


def _shares(settings: Settings, n: int) -> list[str | None]:
    """Return the GPUs of each process as CUDA_VISIBLE_DEVICES wants them; None where there are none."""
    from vllm.platforms import current_platform

    if current_platform.is_cpu():
        return [None] * n
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = listed.split(",") if listed else [str(i) for i in range(current_platform.device_count())]
    size = settings.tensor_parallel
    if len(found) < n * size:
        raise BackendError(
            f"data_parallel={n} with tensor_parallel={size} needs {n * size} GPUs; {len(found)} are here"
        )
    return [",".join(found[i * size : (i + 1) * size]) for i in range(n)]


def _work(settings: Settings, devices: str | None, jobs: Any, said: Any) -> None:
    if devices is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = devices
    try:
        engine = Engine(settings)
        said.put("started")
        while True:
            _fill(engine, jobs, said)
            for completion in engine.step():
                said.put(completion)
    except ReasonlensError as error:
        said.put(BackendError(str(error)))
    except (KeyboardInterrupt, EOFError):
        pass


def _fill(engine: Engine, jobs: Any, said: Any) -> None:
    """Take jobs while there is room and some are waiting; with nothing to do, wait for one."""
    while engine.room:
        try:
            job, sampling = jobs.get(block=engine.unfinished == 0)
        except queue.Empty:
            return
        refused = engine.add(job, sampling)
        if refused is not None:
            said.put(refused)
