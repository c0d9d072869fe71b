"""Run commands on a Ray cluster of two nodes: ``python -m tests.workflow.on_two_nodes FOLDER``.

Apart from pytest, since Ray starts processes and warns of things that are not ours. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import ray
import ray.data
from ray.cluster_utils import Cluster as Nodes

import reasonlens
from reasonlens.cli import cli
from reasonlens.core.errors import FetchError, ReasonlensError
from reasonlens.workflow import pool
from reasonlens.workflow.cluster import on_ray


def commands(folder: Path, address: str) -> None:
    """Fill FOLDER/local and FOLDER/ray with the same commands."""
    for name, more in (("local", ["--jobs", "1"]), ("ray", ["--engine", "ray", "--address", address])):
        study = str(folder / name)
        for words in (
            ["tokens", *sorted(str(p) for p in folder.glob("*.jsonl")), "--study", study],
            ["grade", study],
            ["structure", study],
            ["behaviors", study, "--judge", "rules", "-b", "verification"],
        ):
            cli.main([*words, *more], standalone_mode=False)


def with_ray_data(folder: Path, address: str) -> list[dict[str, Any]]:
    """Count a data set of Ray Data, from Parquet with several row groups."""
    traces = pq.read_table(folder / "local" / "traces", columns=["trace_id", "response"])
    pq.write_table(traces, folder / "traces.parquet", row_group_size=20)
    ray.init(address=address, log_to_driver=False)
    try:
        rows = ray.data.read_parquet(str(folder / "traces.parquet"), columns=["trace_id", "response"])
        counted = rows.map_batches(
            reasonlens.counter("flexible_reasoning"),
            batch_format="pyarrow",
            batch_size=16,
            num_cpus=0.5,
            compute=ray.data.TaskPoolStrategy(),
        )
        return list(counted.take_all())
    finally:
        ray.shutdown()


class Dying:
    """Kills its process at the first try of some units, or at every try."""

    def __init__(self, folder: Path, *, always: bool) -> None:
        self.folder, self.always = folder, always

    def __call__(self, unit: int) -> tuple[int, int]:
        mark = self.folder / f"tried-{unit}"
        if unit % 3 == 0 and (self.always or not mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return unit, os.getpid()


def refusing(unit: int) -> int:
    if unit == 2:
        raise ReasonlensError("unit 2 has a mistake")
    return unit


def unreached(unit: int) -> int:
    if unit == 2:
        raise FetchError("unit 2 is not reached")
    return unit


def asked(work: Any, address: str, n: int = 7) -> dict[str, Any]:
    found: list[Any] = []
    problem = ""
    with on_ray(address):
        slots = pool.cores()
        try:
            for _, result in pool.run(work, range(n), jobs=1):
                found.append(result)
        except ReasonlensError as error:
            problem = str(error)
    return {"found": found, "problem": problem, "slots": slots}


def main(folder: Path) -> None:
    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 2**27})
    nodes.add_node(num_cpus=1, object_store_memory=2**27)
    try:
        commands(folder, nodes.address)
        for name in ("once", "always"):
            (folder / name).mkdir()
        told = {
            "with Ray Data": with_ray_data(folder, nodes.address),
            "killed once": asked(Dying(folder / "once", always=False), nodes.address),
            "killed always": asked(Dying(folder / "always", always=True), nodes.address),
            "refused": asked(refusing, nodes.address),
            "not fetched": asked(unreached, nodes.address, 5),
            "kept here": [r for _, r in pool.run(refusing, [0, 1], jobs=1)],
        }
    finally:
        ray.shutdown()
        nodes.shutdown()
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
