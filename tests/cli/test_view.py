"""``reasonlens view``: a server for this machine alone, that says where it is and stops when told."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

import pytest
from click.testing import CliRunner

from reasonlens.cli import cli

pytest.importorskip("uvicorn", reason="the extra view is not installed")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"model": "m", "problem": "p", "response": "Wait, 4."}))
    assert CliRunner().invoke(cli, ["tokens", str(path), "--study", str(tmp_path / "s")]).exit_code == 0
    return tmp_path / "s"


@pytest.fixture
def served(study: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    call = [sys.executable, "-m", "reasonlens", "view", str(study), "--no-browser"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            yield process, re.search(r"http://127\.0\.0\.1:\d+/\?token=[\w-]+", said)[0]  # type: ignore[index]
        finally:
            process.kill()


def test_it_serves_whoever_has_the_address_and_stops_on_ctrl_c(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = served
    with build_opener(HTTPCookieProcessor()).open(url) as answer:
        assert b"1 traces" in answer.read()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "server" not in {name.lower() for name in answer.headers}
    with pytest.raises(HTTPError, match="403"):
        urlopen(url.partition("?")[0])
    with pytest.raises(HTTPError, match="421"):
        urlopen(Request(url, headers={"Host": "evil.example"}))
    assert process.stdout is not None
    assert process.stdout.readline() == "Ctrl-C stops it.\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert "Traceback" not in err


def test_a_port_in_use_is_said(study: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        out = CliRunner().invoke(cli, ["view", str(study), "--port", str(taken.getsockname()[1])])
    assert out.exit_code == 1
    assert "is in use; name another, or leave --port out" in out.stderr


def test_a_folder_that_is_no_study_is_refused(tmp_path: Path) -> None:
    out = CliRunner().invoke(cli, ["view", str(tmp_path), "--no-browser"])
    assert out.exit_code == 1
    assert "is no study" in out.stderr
