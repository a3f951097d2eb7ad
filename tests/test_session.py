"""What a session with BigQuery says when it waits, when it is sent elsewhere, and when there is no network."""

import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials

from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.warehouse import patches, session
from dcr_data_generator.warehouse.embedded.engine import Endpoints
from dcr_data_generator.warehouse.session import Session
from dcr_data_generator.warehouse.warehouse import Warehouse
from tests.support import emulator
from tests.support.proxy import FailingJobs, Fault, Proxy, Request, answer, error
from tests.support.services import answering, silent

EXCEEDED = "Exceeded rate limits: too many jobs for this project."


def limited(reason: str, status: int = 403) -> Callable[..., tuple[int, bytes, dict]]:
    """Answer every request with an error."""
    content = json.dumps(
        {"error": {"code": status, "message": EXCEEDED, "errors": [{"reason": reason, "message": EXCEEDED}]}}
    )
    return lambda *_: (status, content.encode(), {"Content-Type": "application/json"})


def run_on(address: str, *flags: str, project: str = "my-project") -> tuple[int, list[str]]:
    """Run the program on what answers there; returns its status and its lines on standard error."""
    status, _, err = emulator.run_here("--write-project-id", project, *flags, BIGQUERY_EMULATOR_HOST=address)
    assert "Traceback" not in err
    return status, err.splitlines()


@pytest.mark.parametrize(
    ("reason", "status"),
    [("rateLimitExceeded", 403), pytest.param("rateLimitExceeded", 429, marks=pytest.mark.slow)],
)
@pytest.mark.usefixtures("impatient")
@pytest.mark.slow
def test_a_rate_limit_is_named_while_the_run_waits_and_when_it_ends(
    reason: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "WAIT_SECONDS", 0.1)
    with answering(limited(reason, status)) as address:
        ended, lines = run_on(address, "--timeout", "1")
    said = f"BigQuery reports {reason}: {EXCEEDED.rstrip('.')}; wait a minute, then run again"
    assert ended == 2
    assert lines == [
        f"warning: {said}: this is tried again until --timeout",
        f"error in the step 'Connect': this took longer than --timeout allows, because {said} (nothing was replaced)",
    ]


@pytest.mark.parametrize("reason", ["jobRateLimitExceeded", pytest.param("rateLimitExceeded", marks=pytest.mark.slow)])
@pytest.mark.usefixtures("impatient")
@pytest.mark.slow
def test_a_limit_of_jobs_that_are_accepted_first_is_named_too(
    reason: str, shop: Warehouse, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "WAIT_SECONDS", 0.1)
    loads = FailingJobs(lambda request: bool(request.inserts.get("load")), reason, EXCEEDED)
    with Proxy(endpoints.rest, failing_jobs=[loads]) as between:
        status, lines = run_on(between.url, "--timeout", "4", "--skip-checks", project=shop.client.project)
    assert status == 2
    assert len(loads.failed) > 1
    # Whether a load waits at the moment in which the warning is due, depends on the machine.
    assert [line for line in lines[:-1] if not line.startswith("warning: BigQuery reports")] == []
    assert f"BigQuery reports {reason}: {EXCEEDED.rstrip('.')}; wait a minute" in lines[-1]


@pytest.mark.usefixtures("impatient")
@pytest.mark.slow
def test_a_rate_limit_that_passes_is_no_word(shop: Warehouse, endpoints: Endpoints) -> None:
    once = iter([answer(error(429, "rateLimitExceeded", EXCEEDED))] * 3)

    def fault(request: Request) -> Fault | None:
        return next(once, None)

    with Proxy(endpoints.rest, fault=fault) as between:
        assert run_on(between.url, "--skip-checks", project=shop.client.project) == (0, [])


def test_a_wait_that_is_over_is_no_cause() -> None:
    answers = iter([limited("rateLimitExceeded")(), (200, b"{}", {}), limited("rateLimitExceeded")(), (200, b"{}", {})])
    with answering(lambda *_: next(answers)) as address:
        own = Session(AnonymousCredentials(), None, 10)
        causes = []
        for method, path in (("GET", "/a"), ("GET", "/a"), ("GET", "/a"), ("POST", "/jobs")):
            own.request(method, f"http://{address}{path}")
            causes.append(own.cause is not None)
        own.timer.cancel()
    assert causes == [True, False, True, True]  # a job that is accepted may fail


@pytest.mark.parametrize("status", [409, 403, 400])
def test_an_answer_that_is_no_limit_ends_the_run_at_once(status: int) -> None:
    start = time.monotonic()
    with answering(limited("duplicate", status)) as address:
        ended, lines = run_on(address)
    assert (ended, len(lines)) == (2, 1)
    assert f"BigQuery reports duplicate: {EXCEEDED.rstrip('.')}" in lines[0]
    assert time.monotonic() - start < session.MAX_SECONDS


def test_no_advice_on_roles_is_given_for_an_emulator() -> None:
    with answering(limited("accessDenied")) as address:
        _, [line] = run_on(address)
    assert "BigQuery reports accessDenied" in line
    assert "role" not in line


@pytest.mark.parametrize(
    ("answered", "cause"),
    [
        ((302, b"", {"Location": "/login"}), "not BigQuery but perhaps a proxy or a login page, TooManyRedirects"),
        ((200, b"<html>", {}), "is not BigQuery"),
    ],
)
def test_a_login_page_is_no_missing_connection(answered: tuple, cause: str) -> None:
    with answering(lambda *_: answered) as address:
        status, [line] = run_on(address)
    assert status == 2
    assert cause in line


@pytest.mark.parametrize(
    "content", ['{"a": {"b": []}}', "[]", "{}", '{"jobReference": {}}', '{"datasets": [{}]}', '{"error": [{}]}', "5"]
)
def test_an_answer_that_bigquery_never_gives_is_said_to_be_none_of_its(content: str) -> None:
    with answering(lambda *_: (200, content.encode(), {"Content-Type": "application/json"})) as address:
        status, [line] = run_on(address)
    assert status == 2
    assert "is not BigQuery" in line
    assert "unexpected" not in line


# No network, for every kind of credentials.

TOKEN = "https://oauth2.googleapis.com/token"


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key and a certificate that nobody trusts, in one file."""
    file = tmp_path_factory.mktemp("key") / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=proxy", "-keyout", file]
    made = subprocess.run([*command, "-out", "-"], capture_output=True, check=True)
    with file.open("ab") as written:
        written.write(made.stdout)
    return file


def credentials(kind: str, key: Path, folder: Path) -> Path:
    """A file of credentials of a kind."""
    user = {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}
    impersonation = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:generateAccessToken"
    (folder / "token").write_text("token", encoding="utf-8")
    kinds = {
        "user": user,
        "service account": {
            "type": "service_account",
            "client_email": "a@b.iam.gserviceaccount.com",
            "private_key": key.read_text(encoding="utf-8").partition("-----BEGIN CERTIFICATE")[0],
            "token_uri": TOKEN,
        },
        "impersonated": {
            "type": "impersonated_service_account",
            "source_credentials": user,
            "service_account_impersonation_url": impersonation,
        },
        "workload identity": {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {"file": str(folder / "token")},
        },
    }
    file = folder / "credentials.json"
    file.write_text(json.dumps(kinds[kind]), encoding="utf-8")
    return file


@pytest.fixture
def intercepting(key: Path) -> Iterator[str]:
    """A proxy that lets connections through to itself, with its own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(key)
    server = socket.create_server(("127.0.0.1", 0), backlog=100)

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
                connection.recv(10_000)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                context.wrap_socket(connection, server_side=True)
            except OSError:
                if server.fileno() < 0:
                    return

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    server.close()


CAUSES = {
    "none": "there is no connection to ",
    "refuses": "the proxy does not let it through, ProxyError",
    "hangs": "there is no connection to ",
    "intercepts": "the certificate of what answers is not trusted",
}
KINDS = ["user", "service account", "impersonated", "workload identity"]


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        # Each kind once, and each network once.
        pytest.param(kind, network, marks=() if KINDS.index(kind) == index else pytest.mark.slow)
        for index, network in enumerate(CAUSES)
        for kind in KINDS
    ],
)
@pytest.mark.usefixtures("impatient")
def test_no_network_is_said_early_for_every_kind_of_credentials(
    kind: str, network: str, key: Path, intercepting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MAX_SECONDS", 0.5)
    monkeypatch.setattr(session, "CONNECT_SECONDS", 0.2)
    [port] = emulator.free_ports(1)
    networks = {
        "none": nullcontext(f"127.0.0.1:{port}"),
        "refuses": answering(lambda *_: (403, b"no", {})),
        "hangs": silent(),
        "intercepts": nullcontext(intercepting),
    }
    start = time.monotonic()
    with networks[network] as address:
        proxies = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), f"http://{address}")
        file = credentials(kind, key, tmp_path)
        variables = {
            "GOOGLE_APPLICATION_CREDENTIALS": str(file),
            "CLOUDSDK_CONFIG": str(tmp_path),
            "NO_GCE_CHECK": "true",
        }
        status, _, err = emulator.run_here("--write-project-id", "my-project", **variables, **proxies)
    line = emulator.only_line(err)
    assert status == 2
    assert CAUSES[network] in line
    assert time.monotonic() - start < 20


def test_the_longest_silence_without_a_cause_is_30_seconds() -> None:
    # The last failure that is not yet the cause, a pause, and an attempt to connect.
    assert session.MAX_SECONDS + patches.PAUSE_SECONDS <= 30
    assert 4 * session.CONNECT_SECONDS <= 30  # google-auth tries four times to connect


def test_a_warning_of_a_lower_layer_is_shown_once_and_only_while_a_command_runs(capsys: pytest.CaptureFixture) -> None:
    def command(terminal: Terminal) -> int:
        session.log.warning("the cause: %s", "wait")
        return 0

    for _ in range(2):
        assert process.run_safely(command) == 0
    assert capsys.readouterr().err == "warning: the cause: wait\n" * 2


def test_failures_alone_are_counted_from_the_start_of_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Session(AnonymousCredentials(), None, 2)
    now = time.monotonic()
    with pytest.raises(UserError, match="there is no connection to BigQuery"):
        own.count(now - 2, session.RequestException())
