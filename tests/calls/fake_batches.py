"""The part of the fake server that takes batches: files in, files out, done after some looks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

__all__ = ["FakeBatches"]


def _none(custom_id: str) -> bool:
    return False


@dataclass(kw_only=True)
class FakeBatches:
    """Files and batches, and what goes wrong with them.

    Parameters
    ----------
    polls_until_done
        How often a batch is seen in progress.
    leave_out, spoil
        Which requests get no line, and which a line in the file of errors.
    batch_fault
        ``"invalid"``: every batch fails; ``"reset"``: it is taken, but the reply is lost.
    """

    billed: Counter[str] = field(default_factory=Counter)
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    polls_until_done: int = 1
    leave_out: Callable[[str], bool] = _none
    spoil: Callable[[str], bool] = _none
    batch_fault: str = ""

    def completion(self, body: dict[str, Any], **given: Any) -> dict[str, Any]:
        raise NotImplementedError

    def add_batches(self, app: web.Application) -> None:
        app.router.add_post("/v1/files", self.upload)
        app.router.add_get("/v1/files/{id}/content", self.download)
        app.router.add_post("/v1/batches", self.create_batch)
        app.router.add_get("/v1/batches", self.list_batches)

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        name = f"file-{len(self.files)}"
        self.files[name] = form["file"].file.read()  # type: ignore[union-attr]
        return web.json_response(_file(name, len(self.files[name])))

    async def download(self, request: web.Request) -> web.Response:
        return web.Response(
            body=self.files[request.match_info["id"]], content_type="application/octet-stream"
        )

    async def create_batch(self, request: web.Request) -> web.Response:
        given = await request.json()
        name = f"batch-{len(self.batches)}"
        self.batches[name] = {**_batch(name, given["input_file_id"]), "metadata": given.get("metadata")}
        if self.batch_fault == "reset":  # it took the batch, and nobody heard of it
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(self.batches[name])

    async def list_batches(self, request: web.Request) -> web.Response:
        for batch in self.batches.values():
            if self.batch_fault == "invalid":
                reason = {"code": "invalid", "message": "line 1 is not valid"}
                batch |= {"status": "failed", "errors": {"object": "list", "data": [reason]}}
            batch["_polls"] = batch.get("_polls", 0) + 1
            if batch["_polls"] > self.polls_until_done and batch["status"] == "in_progress":
                self.complete(batch)
        shown = [{k: v for k, v in b.items() if k != "_polls"} for b in self.batches.values()]
        return web.json_response({"object": "list", "data": shown, "has_more": False})

    def complete(self, batch: dict[str, Any]) -> None:
        lines, errors = [], []
        for line in self.files[batch["input_file_id"]].splitlines():
            row = json.loads(line)
            if self.leave_out(row["custom_id"]):
                continue
            if self.spoil(row["custom_id"]):
                response = {"status_code": 500, "request_id": "r", "body": {"error": {"message": "broken"}}}
                errors.append(json.dumps({"custom_id": row["custom_id"], "response": response}))
                continue
            self.billed[row["custom_id"]] += 1
            response = {"status_code": 200, "request_id": "r", "body": self.completion(row["body"])}
            lines.append(
                json.dumps({"id": "x", "custom_id": row["custom_id"], "response": response, "error": None})
            )
        for field_name, found in (("output_file_id", lines), ("error_file_id", errors)):
            name = f"file-{len(self.files)}"
            self.files[name] = "\n".join(reversed(found)).encode()
            batch[field_name] = name if found else None
        batch["status"] = "completed"


def _file(name: str, size: int) -> dict[str, Any]:
    about = {"object": "file", "filename": "batch.jsonl", "purpose": "batch", "status": "processed"}
    return {"id": name, "bytes": size, "created_at": 1, **about}


def _batch(name: str, file: str) -> dict[str, Any]:
    about = {
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "created_at": 1,
    }
    return {"id": name, "input_file_id": file, "status": "in_progress", **about}
