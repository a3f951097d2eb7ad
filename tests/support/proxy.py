"""An HTTP proxy between the client and an emulator: it records every request, adds latency, and makes faults.

    with Proxy(emulator.url, latency=0.3) as proxy:
        ...  # run the program with BIGQUERY_EMULATOR_HOST=proxy.url
    len(proxy.requests), proxy.most_at_once

It runs in threads of this process, on 127.0.0.1, and no thread outlives it. Where bqemulator 1.4 lacks what BigQuery
documents, and a client that sends a request again relies on it, the proxy supplies it:

- BigQuery answers a second jobs.insert of a job id with 409 duplicate; bqemulator runs the job again.
- BigQuery answers a status query (`Content-Range: bytes */N`) or a resent last chunk of an upload that is complete with
  the job that came of it; bqemulator has forgotten the upload and answers 404. (The status of an upload that is not
  complete it does tell.)
"""

import http.client
import json
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

# No request takes longer, and none is held back longer.
LONGEST = 120
ABOUT_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
# The HTTP statuses of BigQuery's reasons: https://cloud.google.com/bigquery/docs/error-messages
STATUSES = {
    "accessDenied": 403,
    "backendError": 503,
    "billingNotEnabled": 403,
    "duplicate": 409,
    "internalError": 500,
    "invalid": 400,
    "notFound": 404,
    "quotaExceeded": 403,
    "rateLimitExceeded": 403,
    "responseTooLarge": 403,
}


class Response(NamedTuple):
    """What is answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, content: object, status: int = 200) -> Self:
        """Answer with JSON."""
        return cls(status, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(content).encode())


def error(status: int, reason: str, message: str) -> Response:
    """Answer with an error as BigQuery writes it."""
    detail = {"message": message, "domain": "global", "reason": reason}
    return Response.of({"error": {"code": status, "message": message, "errors": [detail]}}, status)


def bare_error(status: int) -> Response:
    """Answer with an error as a load balancer before BigQuery writes it."""
    body = f"<!DOCTYPE html><title>Error {status}</title><p>That is all we know.".encode()
    return Response(status, {"Content-Type": "text/html; charset=UTF-8"}, body)


@dataclass
class Request:
    """A request that the proxy saw: when it came and was answered (seconds of time.monotonic), and with what fault."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    start: float
    end: float | None = None
    status: int | None = None
    fault: "Fault | None" = None

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body; without one, nothing."""
        return json.loads(self.body) if "json" in self.headers.get("content-type", "") and self.body else {}

    @property
    def project(self) -> str:
        """The project whose tables or jobs it is about."""
        return re.search(r"/projects/([^/?]+)", self.path)[1]

    @property
    def resource(self) -> str:
        """What it is about, without host, version, project and parameters: "jobs", "jobs/ID", "datasets/ID"..."""
        return urlsplit(self.path).path.partition("/projects/")[2].partition("/")[2]

    @property
    def is_upload(self) -> bool:
        """Whether it begins or continues an upload."""
        return self.path.startswith(("/upload/", "/resumable/"))

    @property
    def inserts(self) -> dict[str, Any]:
        """The configuration of the job that it inserts, as it is or with an upload that begins; else nothing."""
        return self.json.get("configuration", {}) if self.method == "POST" and self.resource == "jobs" else {}

    @property
    def sql(self) -> str:
        """The query that it inserts; else an empty text."""
        return self.inserts.get("query", {}).get("query", "")

    @property
    def upload_id(self) -> str | None:
        """The upload that it continues."""
        return parse_qs(urlsplit(self.path).query).get("upload_id", [None])[0]

    def __str__(self) -> str:
        """Write it as a line of a log."""
        about = " ".join((self.sql or json.dumps(self.inserts) * bool(self.inserts)).split())
        return f"{self.method} {self.path.partition('?')[0]} {about:.100} -> {self.status} {self.fault or ''}".strip()


@dataclass(frozen=True)
class Fault:
    """What happens to a request: whether it is forwarded first, and how it ends.

    It ends with an answer in place of the emulator's, with the connection closed, reset or closed in the midst of the
    answer, or without an end as long as the proxy is there.
    """

    ending: str
    forwarded: bool = False
    answer: Response | None = None

    def __str__(self) -> str:
        """Name it."""
        ending = f"answer {self.answer.status}" if self.answer else self.ending
        return f"[{ending} {'after' if self.forwarded else 'before'} it was forwarded]"


def answer(response: Response) -> Fault:
    """Answer with something else."""
    return Fault("answer", answer=response)


STALL = Fault("stall")
TRANSIENT = [
    *(
        Fault("answer", forwarded, response)
        for forwarded in (False, True)
        for response in (
            error(429, "rateLimitExceeded", "Exceeded rate limits: too many requests for this project."),
            error(500, "internalError", "An internal error occurred and the request could not be completed."),
            error(502, "backendError", "Bad gateway."),
            error(503, "backendError", "The service is currently unavailable."),
            *map(bare_error, (429, 500, 502, 503)),
        )
    ),
    *(Fault(ending, forwarded) for forwarded in (False, True) for ending in ("close", "reset") for _ in range(3)),
    *[Fault("truncate", forwarded=True)] * 6,
]


# One of each kind.
KINDS = [
    answer(error(429, "rateLimitExceeded", "Exceeded rate limits.")),
    Fault("reset", forwarded=True),
    answer(error(500, "internalError", "An internal error occurred.")),
    Fault("close"),
    answer(error(502, "backendError", "Bad gateway.")),
    Fault("truncate", forwarded=True),
    answer(error(503, "backendError", "The service is currently unavailable.")),
    Fault("close", forwarded=True),
    answer(bare_error(502)),
    Fault("reset"),
    Fault("answer", forwarded=True, answer=bare_error(503)),
]


def once_each(faults: Sequence[Fault]) -> Callable[[Request], Fault | None]:
    """Hit every kind of request the first time that it comes, with one fault after another."""
    seen, next_fault = set(), cycle(faults)

    def hit(request: Request) -> Fault | None:
        kind = (request.method, request.is_upload, re.sub(r"[^/]*-[^/]*", "ID", request.resource), request.sql)
        if kind in seen:
            return None
        seen.add(kind)
        return next(next_fault)

    return hit


def at_random(seed: int, probability: float = 0.2) -> Callable[[Request], Fault | None]:
    """Hit each request with that probability, with one of the faults that pass."""
    dice = random.Random(seed)
    return lambda _: dice.choice(TRANSIENT) if dice.random() < probability else None


def from_then_on(begins: Callable[[Request], bool], fault: Fault) -> Callable[[Request], Fault | None]:
    """Hit the first request of which something is true, and every one that follows."""
    begun = threading.Event()

    def hit(request: Request) -> Fault | None:
        if begins(request):
            begun.set()
        return fault if begun.is_set() else None

    return hit


@dataclass
class FailingJobs:
    """Jobs that BigQuery takes and that then fail, `times` times; they have no effect, as a failed job has none."""

    matches: Callable[[Request], bool]
    reason: str
    message: str
    times: float = float("inf")
    failed: dict[str, dict] = field(default_factory=dict)
    uploads: dict[str, dict] = field(default_factory=dict)

    def insert(self, request: Request) -> dict:
        """Take a job, which then runs and fails."""
        self.times -= 1
        reference = {"location": "US", **request.json["jobReference"]}
        result = {"reason": self.reason, "message": self.message}
        job = {
            "kind": "bigquery#job",
            "id": f"{reference['projectId']}:US.{reference['jobId']}",
            "jobReference": reference,
            "configuration": request.inserts,
            "statistics": {"creationTime": "1758600000000", "startTime": "1758600000000"},
        }
        failed = {"state": "DONE", "errorResult": result, "errors": [result]}
        self.failed[reference["jobId"]] = job | {"status": failed}
        return job | {"status": {"state": "RUNNING"}}

    def respond(self, request: Request) -> Response | None:
        """Answer what is about one of the jobs."""
        kind, _, number = request.resource.partition("/")
        if self.times > 0 and not request.is_upload and request.inserts and self.matches(request):
            return Response.of(self.insert(request))
        if request.upload_id in self.uploads:
            return Response.of(self.uploads[request.upload_id])
        if number not in self.failed:
            return None
        if kind == "queries":  # which tells a job's failure as its own
            return error(STATUSES[self.reason], self.reason, self.message)
        return Response.of(self.failed[number])

    def watch(self, request: Request, response: Response) -> None:
        """See an upload begin whose job is to fail."""
        if request.is_upload and request.inserts and self.times > 0 and self.matches(request):
            self.uploads[response.headers["x-guploader-uploadid"]] = self.insert(request)


class Proxy:
    """The proxy, from the `with` to its end."""

    def __init__(
        self,
        target: str,
        latency: float = 0.0,
        fault: Callable[[Request], Fault | None] = lambda _: None,
        failing_jobs: Iterable[FailingJobs] = (),
        rewrite: Callable[[Request, Response], Response] = lambda _, response: response,
    ) -> None:
        """Stand before a target, such as http://127.0.0.1:9050; latency is in seconds, added to every request."""
        self.target, self.latency, self.fault = target, latency, fault
        self.failing_jobs, self.rewrite = list(failing_jobs), rewrite
        self.requests: list[Request] = []
        self.changed = threading.Condition()
        self.over = threading.Event()
        self.job_ids: set[tuple[str, str]] = set()
        self.completed_uploads: dict[str, Response] = {}
        self.forwarding = 0
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.proxy = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Self:
        """Start."""
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), name="proxy", daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and let go of what is held back."""
        self.server.shutdown()
        self.thread.join()
        with self.changed:
            self.over.set()
            # What a client sent before it was killed does not reach the emulator when the test has gone on.
            self.changed.wait_for(lambda: not self.forwarding, LONGEST)
        self.server.close_connections()
        self.server.server_close()

    @property
    def most_at_once(self) -> int:
        """How many requests were under way at the same time, at most."""
        requests = list(self.requests)
        # An end before a start at the same moment: those two did not overlap.
        events = sorted(
            [(request.start, 1) for request in requests]
            + [(request.end, -1) for request in requests if request.end is not None]
        )
        most = now = 0
        for _, step in events:
            now += step
            most = max(most, now)
        return most

    def wait_for(self, condition: Callable[[list[Request]], bool], timeout: float = 60) -> None:
        """Wait until a condition of the requests seen so far holds."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self.requests), timeout):
                raise TimeoutError("the proxy did not see what the test waits for")

    def begin(self, request: Request) -> None:
        """Record a request, and throw the dice for it."""
        with self.changed:
            request.fault = self.fault(request)
            self.requests.append(request)
            self.changed.notify_all()

    def respond(self, request: Request) -> Response | None:
        """Get the answer, from whoever has it; None where the emulator gives none."""
        with self.changed:
            for jobs in self.failing_jobs:
                if response := jobs.respond(request):
                    return response
            if request.upload_id in self.completed_uploads:
                return self.completed_uploads[request.upload_id]
            number = (request.project, request.json["jobReference"]["jobId"]) if request.inserts else None
            if number and not request.is_upload:
                if number in self.job_ids:
                    return error(409, "duplicate", f"Already Exists: Job {number[0]}:US.{number[1]}")
                self.job_ids.add(number)
        response = self.forward(request)
        with self.changed:
            if response and response.status == 200 and request.upload_id:
                self.completed_uploads[request.upload_id] = response
            if number and not (response and response.status == 200):
                self.job_ids.discard(number)
            for jobs in self.failing_jobs:
                if response:
                    jobs.watch(request, response)
        return response

    def forward(self, request: Request) -> Response | None:
        """Ask the emulator, unless the proxy ends."""
        with self.changed:
            if self.over.is_set():
                return None
            self.forwarding += 1
        connection = http.client.HTTPConnection(urlsplit(self.target).netloc, timeout=LONGEST)
        try:
            connection.request(request.method, request.path, request.body or None, request.headers)
            answered = connection.getresponse()
            headers = {name: value for name, value in answered.getheaders() if name.lower() not in ABOUT_ONE_HOP}
            return self.rewrite(request, Response(answered.status, headers, answered.read()))
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
            with self.changed:
                self.forwarding -= 1
                self.changed.notify_all()


class Server(ThreadingHTTPServer):
    """A server whose connections end with it."""

    daemon_threads = True
    request_queue_size = 128
    proxy: Proxy

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401
        self.connections: set[socket.socket] = set()
        super().__init__(*arguments)

    def process_request(self, request: socket.socket, client_address: Any) -> None:  # noqa: ANN401
        """Remember the connection."""
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        """Forget the connection."""
        super().shutdown_request(request)
        self.connections.discard(request)

    def handle_error(self, *_: object) -> None:
        """A client that went away is what this server is for."""

    def close_connections(self) -> None:
        """End the connections that clients keep open."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class Handler(BaseHTTPRequestHandler):
    """A connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = LONGEST
    server: Server

    def handle_request(self) -> None:
        """Read a request, do to it what is to be done, and answer."""
        proxy, start = self.server.proxy, time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {
            name.lower(): value
            for name, value in self.headers.items()
            if name.lower() not in ABOUT_ONE_HOP | {"accept-encoding"}
        }
        request = Request(self.command, self.path, headers, body, start)
        proxy.begin(request)
        proxy.over.wait(proxy.latency)
        fault = request.fault
        response = proxy.respond(request) if fault is None or fault.forwarded else None
        if fault and fault.ending == "answer":
            response = fault.answer
        request.status = response.status if response else None
        try:
            self.end_request(fault, response)
        finally:
            request.end = time.monotonic()
            with proxy.changed:
                proxy.changed.notify_all()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request  # noqa: N815

    def end_request(self, fault: Fault | None, response: Response | None) -> None:
        """Answer, or end it in another way."""
        ending = fault.ending if fault else "answer"
        if ending == "stall":
            self.server.proxy.over.wait(LONGEST)
        if ending == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if response is None or ending in ("stall", "reset", "close"):
            self.close_connection = True
            return
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        if ending == "truncate":
            self.close_connection = True
            self.wfile.write(b"".join(self._headers_buffer) + b"\r\n" * bool(response.body))
            self.wfile.write(response.body[: len(response.body) // 2])
            return
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, *_: object) -> None:
        """Nobody reads a log."""
