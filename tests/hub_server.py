"""A stand-in for the hub on the loopback: of its API what huggingface_hub calls to list and fetch.

Repositories are folders below `models/` and `datasets/` of a directory. Each is at the commit
`COMMIT`, its main branch; another commit or branch is a folder beside it, `NAME@BRANCH`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import pytest
from huggingface_hub import constants

COMMIT = "c" * 40
_API = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/(revision|tree)/([^?]+))?(?:\?.*)?")
_FILE = re.compile(r"(/datasets)?/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


class HubServer(ThreadingHTTPServer):
    """Serves the repositories below a directory and remembers which files were asked for."""

    daemon_threads = True

    def __init__(self, served: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.served, self.sent = served, list[str]()
        self.gated: set[str] = set()
        self.head = COMMIT

    def root(self, kind: str, repository: str, revision: str | None) -> tuple[Path, str] | None:
        """Return a repository's folder at a revision, and its commit; None without one."""
        beside = self.served / kind / f"{repository}@{(revision or '').replace('/', '-')}"
        if revision in (None, "main", self.head):
            return self.served / kind / repository, self.head
        commit = hashlib.sha1(str(beside).encode()).hexdigest()
        for each in beside.parent.glob(f"{beside.name.partition('@')[0]}@*"):
            known = hashlib.sha1(str(each).encode()).hexdigest()
            if revision == known:
                return each, known
        return (beside, commit) if beside.is_dir() else None


class _Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._file(body=False)

    def do_GET(self) -> None:
        if found := _API.fullmatch(unquote(self.path)):
            self._listed(*found.groups())
        else:
            self._file(body=True)

    def log_message(self, *arguments: object) -> None:
        pass

    def _listed(self, kind: str, repository: str, asked: str | None, revision: str | None) -> None:
        if not (self.server.served / kind / repository).is_dir():
            return self._refuse(404, "RepoNotFound")
        root = self.server.root(kind, repository, revision)
        if root is None:
            return self._refuse(404, "RevisionNotFound")
        if asked == "tree":
            return self._answer(json.dumps([self._entry(path, root[0]) for path in _files(root[0])
                                            if "recursive=true" in self.path.lower()
                                            or path.parent == root[0]]).encode())
        return self._answer(json.dumps({"id": repository, "sha": root[1], "siblings": [
            {"rfilename": path.relative_to(root[0]).as_posix()} for path in _files(root[0])
        ]}).encode())

    @staticmethod
    def _entry(path: Path, root: Path) -> dict[str, object]:
        size, digest = path.stat().st_size, _sha256(path)
        lfs = {"size": size, "oid": digest, "pointerSize": 100}
        return {"type": "file", "path": path.relative_to(root).as_posix(), "size": size,
                "oid": digest[:40]} | ({"lfs": lfs} if path.suffix != ".md" else {})

    def _file(self, *, body: bool) -> None:
        found = _FILE.fullmatch(unquote(self.path))
        kind = "datasets" if found and found[1] else "models"
        root = found and self.server.root(kind, found[2], found[3])
        if not found or not root or not (root[0] / found[4]).is_file():
            return self._refuse(404, "EntryNotFound")
        if found[2] in self.server.gated and "Authorization" not in self.headers:
            return self._refuse(403, "GatedRepo")
        if body:
            self.server.sent.append(f"{found[2]}/{found[4]}")
        path = root[0] / found[4]
        return self._answer(path.read_bytes() if body else b"", size=path.stat().st_size,
                            headers={"ETag": f'"{_sha256(path)}"', "X-Repo-Commit": root[1]})

    def _refuse(self, status: int, code: str) -> None:
        self._answer(b"", status=status, headers={"X-Error-Code": code, "X-Error-Message": code})

    def _answer(self, body: bytes, *, status: int = 200, size: int | None = None,
                headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body) if size is None else size),
                            "Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def hub_server(
    served: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubServer]:
    """Serve a directory as the hub, as HF_ENDPOINT says it to a new process."""
    server = HubServer(served)
    endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE",
                        endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
