"""Run commands on objects in a bucket: ``python -m tests.readers.on_s3 FOLDER``.

A server of the S3 protocol runs in a thread. Apart from pytest, since it and its client warn of things that
are not ours. Fills FOLDER with studies: of the local files, of the bucket, and of the bucket through Ray.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from moto.server import ThreadedMotoServer

from reasonlens.cli import cli
from reasonlens.readers._units import units
from reasonlens.sample import path as sample
from reasonlens.workflow import ingest

PIECE = 8_000  # bytes, so that small objects are cut too


def write(folder: Path) -> list[Path]:
    """Write the sample as JSON lines, plain and compressed, and as Parquet with many row groups."""
    lines = Path(sample()).read_text("utf-8").splitlines(keepends=True)
    (folder / "a.jsonl").write_text("".join(lines[:50]), "utf-8")
    (folder / "b.jsonl.gz").write_bytes(gzip.compress("".join(lines[50:60]).encode(), mtime=0))
    rows = pa.Table.from_pylist([json.loads(line) for line in lines[60:]])
    pq.write_table(rows, folder / "c.parquet", row_group_size=4)
    return sorted(folder.iterdir())


def main(folder: Path) -> None:
    """Serve, store, count."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    (folder / "files").mkdir()
    files = write(folder / "files")
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    for path in files:
        client.upload_file(str(path), "bucket", f"run/{path.name}")
    ingest.units = partial(units, piece_bytes=PIECE)
    bucket = ["s3://bucket/run/*.jsonl*", "s3://bucket/run/c.parquet"]
    runs = {"local": [str(path) for path in files], "s3": [*bucket, "--jobs", "2"]}
    if find_spec("ray"):
        runs["ray"] = [*bucket, "--engine", "ray"]
    for name, words in runs.items():
        cli.main(["tokens", *words, "--study", str(folder / name)], standalone_mode=False)
    client.put_object(Bucket="bucket", Key="run/c.parquet", Body=b"PAR1 and no more")
    cli.main(["tokens", *bucket, "--study", str(folder / "s3")], standalone_mode=False)
    server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
