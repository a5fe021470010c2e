"""
The HTTP server of the scripted model: reads requests, writes replies at their pace, and drops connections.

It gets each reply from a function. Used by `scripted_model` only.
"""
from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ._replies import Reply
from ._requests import ModelRequest, mask_headers

log = logging.getLogger("agent_sdk.testing")

#: Maximum seconds to hold a reply.
HOLD_TIMEOUT = 60.0


class ModelServer:
    """A server on a free port of 127.0.0.1, in a daemon thread, from construction to `close`."""

    def __init__(self, answer: Callable[[ModelRequest], Reply | dict[str, Any]]) -> None:
        #: Set when the server ends, which ends all waits.
        self.closed = threading.Event()
        self._server = _Server(answer, self.closed)
        self._thread = threading.Thread(target=self._run, name="scripted-model", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The base URL without a trailing slash."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop the server and close every open connection."""
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.close_connections()
        self._thread.join(5)

    def _run(self) -> None:
        self._server.serve_forever(poll_interval=0.05)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Many CLIs may connect at the same time.
    request_queue_size = 128

    def __init__(self, answer: Callable[[ModelRequest], Reply | dict[str, Any]], closed: threading.Event) -> None:
        self.answer = answer
        self.closed = closed
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        # Skip HTTPServer's lookup of the host name, which may query a name server.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A CLI that is stopped closes its connection early; the standard library would write that to stderr.
        log.debug("a connection to the scripted model ended early", exc_info=True)

    def close_connections(self) -> None:
        """Close the open connections."""
        with self._lock:
            left = list(self._open)
        for connection in left:
            with contextlib.suppress(OSError):  # the other side has closed it already
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        request = self._read_request()
        answer = self.server.answer(request)
        if isinstance(answer, dict):
            self._send_json(answer)
            return
        self._pause(answer.delay)
        if answer.status != 200:
            self._send_json(answer.error(), answer)
        elif request.stream:
            self._send_stream(request, answer)
        elif answer.breaks:
            self.close_connection = True
        else:
            self._hold(answer)
            self._send_json(answer.to_message(request), answer)

    def do_GET(self) -> None:
        self._send_json({"data": []})

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("scripted model: " + format, *args)

    def _read_request(self) -> ModelRequest:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        return ModelRequest(
            path=self.path, headers=mask_headers(self.headers.items()), body=body if isinstance(body, dict) else {}
        )

    def _send_json(self, body: dict[str, Any], reply: Reply | None = None) -> None:
        encoded = json.dumps(body).encode()
        self._send_head(reply, "application/json")
        self.send_header("content-length", str(len(encoded)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(encoded)

    def _send_head(self, reply: Reply | None, content_type: str) -> None:
        self.send_response(reply.status if reply else 200)
        self.send_header("content-type", content_type)
        self.send_header("request-id", f"req_{uuid.uuid4().hex[:20]}")
        for name, value in (reply.headers if reply else {}).items():
            self.send_header(name, value)

    def _send_stream(self, request: ModelRequest, reply: Reply) -> None:
        self._send_head(reply, "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for event in self._paced_events(request, reply):
            name = event["type"]
            self.wfile.write(f"event: {name}\ndata: {json.dumps(event)}\n\n".encode())

    def _paced_events(self, request: ModelRequest, reply: Reply) -> Iterator[dict[str, Any]]:
        pieces = 0
        for event in reply.events(request):
            if event["type"] == "content_block_delta":
                self._pause(reply.chunk_delay if pieces else 0)
                pieces += 1
            yield event
            if event["type"] != "content_block_delta" or pieces > 1:
                continue
            if reply.breaks:
                break
            self._hold(reply)
        if reply.sse_error is not None:
            yield reply.sse_error_event()

    def _hold(self, reply: Reply) -> None:
        """Wait for the reply's event, or for the server to stop."""
        limit = time.monotonic() + HOLD_TIMEOUT
        while reply.until is not None and not self.server.closed.is_set() and time.monotonic() < limit:
            if reply.until.wait(0.02):
                return

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self.server.closed.wait(seconds)
