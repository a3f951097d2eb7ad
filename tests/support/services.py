"""Services on 127.0.0.1 that answer as the real ones do not: always the same, or by a function."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Service(BaseHTTPRequestHandler):
    """Answers every request by a function of its method and path: a status, a content, and a header or two."""

    protocol_version = "HTTP/1.1"
    answer: Callable

    def respond(self) -> None:
        """Answer, or reset the connection where there is no status."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, content, headers = type(self).answer(self.command, self.path, body)
        if not status:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_CONNECT = respond  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A server that says nothing of clients that go away."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def answering(answer: Callable[[str, str, bytes], tuple[int, bytes, dict[str, str]]]) -> Iterator[str]:
    """Serve answers; yields the address."""
    server = Server(("127.0.0.1", 0), type("Mine", (Service,), {"answer": staticmethod(answer)}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def silent() -> Iterator[str]:
    """Take every connection, and never answer; yields the address."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"
