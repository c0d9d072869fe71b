"""Several vLLM engines on the nodes of a Ray cluster, each an actor with the GPUs of one engine."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import Any

from reasonlens.backends import Completion, SamplingParams
from reasonlens.backends._vllm_engine import Engine
from reasonlens.backends._vllm_jobs import AHEAD, Job, Running, Settings
from reasonlens.core.errors import BackendError, ReasonlensError
from reasonlens.core.ray_cluster import connected

__all__ = ["RayReplicas"]

_Given = tuple[Job, SamplingParams]


class _Replica:
    """An engine in a process of its own, somewhere in the cluster."""

    def start(self, engine: Callable[[Settings], Engine], settings: Settings) -> None:
        """Start the engine; apart from the making of the actor, so that an error comes back as it is."""
        os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")  # this is a process of its own already
        self._engine = engine(settings)

    def work(self, jobs: list[_Given]) -> list[Completion]:
        """Take over `jobs`, decode until something ends, and return that."""
        found = [self._engine.add(job, sampling) for job, sampling in jobs]
        ended = [completion for completion in found if completion is not None]
        while not ended and self._engine.unfinished:
            ended += self._engine.step()
        return ended


class RayReplicas(Running):
    """What `Engine` is, spread over a cluster: jobs go to whichever replica has room.

    The jobs of a replica that is lost go to the others; without any other the run ends.

    Parameters
    ----------
    n
        Number of replicas.
    address
        Of the cluster; ``auto`` finds it, ``local`` starts one on this machine.
    engine
        What each replica starts.
    """

    def __init__(
        self, settings: Settings, n: int, address: str, engine: Callable[[Settings], Any] = Engine
    ) -> None:
        super().__init__(settings, n)
        self._ray = connected(address, "--option ray=HOST:6379")
        gpus = settings.tensor_parallel if self._has("GPU") else 0
        self._check_room(n, gpus)
        made = self._ray.remote(num_cpus=1, num_gpus=gpus)(_Replica)
        self._replicas = [made.remote() for _ in range(n)]
        self._given: dict[Any, dict[str, _Given]] = {replica: {} for replica in self._replicas}
        self._busy: dict[Any, Any] = {}  # what each replica owes an answer for
        self._waiting: deque[_Given] = deque()
        try:
            self._ray.get([replica.start.remote(engine, settings) for replica in self._replicas])
        except self._ray.exceptions.RayError as error:
            self.close()
            raise _told(error) from error
        from transformers import AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(settings.model, revision=settings.revision)

    def add(self, job: Job, sampling: SamplingParams) -> None:
        """Hand over a request."""
        self._waiting.append((job, sampling))
        self._running.add(job.request_id)

    def step(self) -> list[Completion]:
        """Hand out what waits; return what ends next."""
        self._hand_out()
        (reference,), _ = self._ray.wait(list(self._busy), num_returns=1)
        replica = self._busy.pop(reference)
        try:
            ended: list[Completion] = self._ray.get(reference)
        except self._ray.exceptions.RayActorError as error:
            self._lost(replica, error)
            return []
        except self._ray.exceptions.RayError as error:
            raise _told(error) from error
        for completion in ended:
            self._given[replica].pop(completion.request_id, None)
            self._running.discard(completion.request_id)
        return ended

    def abort(self) -> None:
        """Forget what is being worked on; the replicas finish what they have all the same."""
        self._running.clear()
        self._waiting.clear()

    def close(self) -> None:
        """Stop every replica and leave the cluster."""
        for replica in self._replicas:
            self._ray.kill(replica)
        self._ray.shutdown()

    def _hand_out(self) -> None:
        busy = set(self._busy.values())
        idle = [replica for replica in self._replicas if replica not in busy]
        for i, replica in enumerate(idle):
            share = -(-len(self._waiting) // (len(idle) - i))
            free = AHEAD * self.settings.max_num_seqs - len(self._given[replica])
            jobs = [self._waiting.popleft() for _ in range(min(share, free))]
            self._given[replica] |= {job.request_id: (job, sampling) for job, sampling in jobs}
            if self._given[replica]:
                self._busy[replica.work.remote(jobs)] = replica

    def _lost(self, replica: Any, error: Exception) -> None:
        self._replicas.remove(replica)
        self._engines = len(self._replicas)
        again = self._given.pop(replica).values()
        self._waiting.extendleft(each for each in again if each[0].request_id in self._running)
        if not self._replicas:
            raise _told(error) from error

    def _has(self, what: str) -> int:
        return int(self._ray.cluster_resources().get(what, 0))

    def _check_room(self, n: int, gpus: int) -> None:
        """Refuse what would wait forever for its place."""
        what, needed = ("GPU", n * gpus) if gpus else ("CPU", n)
        if self._has(what) < needed:
            found = self._has(what)
            self._ray.shutdown()
            raise BackendError(
                f"data_parallel={n} with tensor_parallel={self.settings.tensor_parallel} needs {needed} "
                f"{what}s; the Ray cluster has {found}"
            )


def _told(error: Exception) -> ReasonlensError:
    cause = getattr(error, "cause", None)
    if isinstance(cause, ReasonlensError):
        return cause
    return BackendError(
        f"the last vLLM replica was lost ({type(error).__name__}); what is finished is kept. Run the same "
        "command again to go on"
    )
