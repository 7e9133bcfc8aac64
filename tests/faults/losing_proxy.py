"""A proxy before a server that loses the answer to a request which the server has obeyed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["LosingProxy"]

_OWN_HEADERS = {"connection", "transfer-encoding", "content-length"}


class LosingProxy:
    """Hands requests on to a port of this machine; `port` is its own."""

    def __init__(self, server_port: int) -> None:
        self._armed: tuple[str, Callable[[], None]] | None = None
        self.lost = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def hand_on(self) -> None:
                proxy._hand_on(self, server_port)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = hand_on

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def lose(self, path: str, then: Callable[[], None]) -> None:
        """Lose the answer to the next request whose path has this end, and call `then` first."""
        self.lost.clear()
        self._armed = (path, then)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _hand_on(self, request: BaseHTTPRequestHandler, port: int) -> None:
        request.close_connection = True
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in request.headers.items()
                   if name.lower() not in (_OWN_HEADERS | {"host"})}
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(request.command, request.path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, HTTPException):
            return  # as if the server itself had hung up
        finally:
            connection.close()
        if self._loses(request.path):
            return
        request.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN_HEADERS:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(data)

    def _loses(self, path: str) -> bool:
        if self._armed is None or not path.partition("?")[0].endswith(self._armed[0]):
            return False
        (_, then), self._armed = self._armed, None
        then()
        self.lost.set()
        return True
