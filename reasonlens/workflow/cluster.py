"""Units of work on a Ray cluster: results in order, lost workers replaced, what fails in the end named.

The same functions do the same units as `reasonlens.workflow.pool` hands to processes, so the tables are the
same to the byte. A node needs reasonlens, and the folders of the command and of the study at the same
path (a shared disk): workers write their parts there, and the driver alone moves them into the study.

Plain Ray tasks are used and not Ray Data: a unit already streams from its file into its part in bounded
memory, and reading through the object store would copy every text once more.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reasonlens.core.errors import FetchError, InputError, ReasonlensError
from reasonlens.core.ray_cluster import connected
from reasonlens.workflow import pool

__all__ = ["Cluster", "on_ray"]

_TRIES = 3  # beside the first one, if a worker or its node is lost
_AHEAD = 2  # units handed out per core before their results are taken
_NAMED = 5


class Cluster:
    """A Ray cluster that is connected.

    Parameters
    ----------
    ray
        The module.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    @property
    def slots(self) -> int:
        """The number of units that can be worked on at a time."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def map(self, work: Callable[[Any], Any], units: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield ``(unit, work(unit))`` in the order of `units`, without those that fail on every try.

        A unit fails if its worker or node is lost, or its input cannot be fetched.

        Raises
        ------
        ReasonlensError
            What else `work` raises, at once; and, when all others are done, which units failed.
        """
        remote = self._ray.remote(num_cpus=1, max_retries=_TRIES)(_call)
        done, kept = self._ray.put(work), str(Path.cwd())
        rest = iter(units)
        waiting: deque[tuple[Any, Any]] = deque()
        failed: list[str] = []
        n = 0
        for unit in itertools.islice(rest, self.slots * _AHEAD):
            waiting.append((unit, remote.remote(kept, done, unit)))
        try:
            while waiting:
                unit, reference = waiting.popleft()
                n += 1
                result, problem = self._result(reference)
                for following in itertools.islice(rest, 1):
                    waiting.append((following, remote.remote(kept, done, following)))
                if problem:
                    failed.append(f"{getattr(unit, 'part', unit)} ({problem})")
                else:
                    yield unit, result
        finally:
            for _, reference in waiting:
                self._ray.cancel(reference, force=True)
        if failed:
            named = ", ".join(failed[:_NAMED])
            named += f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
            raise ReasonlensError(
                f"{len(failed)} of {n} units of work failed on every try: {named}. What was done is kept; "
                "run the same command again (where workers were lost, with more memory per core)"
            )

    def _result(self, reference: Any) -> tuple[Any, str]:
        """Return what a unit gave, or why it failed."""
        try:
            return self._ray.get(reference), ""
        except self._ray.exceptions.RayTaskError as error:
            cause = _cause(error)
            if isinstance(cause, FetchError):  # it was tried again where it was fetched
                return None, str(cause)
            raise cause from error
        except self._ray.exceptions.RayError as error:
            return None, f"lost with its worker {_TRIES + 1} times: {type(error).__name__}"


def _call(folder: str, work: Callable[[Any], Any], unit: Any) -> Any:
    """Do one unit on a node, from the folder of the driver: paths may be relative to it."""
    if not Path(folder).is_dir():
        raise InputError(
            f"{folder} is not on every node of the cluster; run the command from a disk that all nodes share"
        )
    os.chdir(folder)
    return work(unit)


def _cause(error: Any) -> Exception:
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, ReasonlensError) else error


@contextmanager
def on_ray(address: str | None = None) -> Iterator[Cluster]:
    """Let `reasonlens.workflow.pool` hand its units to a Ray cluster.

    Parameters
    ----------
    address
        ``auto`` or the address of a cluster; ``None`` starts one on this machine.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    InputError
        If there is no cluster at this address.
    """
    ray = connected(address, "--address, or leave --address out for one on this machine")
    try:
        cluster = Cluster(ray)
        with pool.elsewhere(cluster):
            yield cluster
    finally:
        ray.shutdown()
