"""Who gets past the guard of the live page: browsers on this computer that have shown the token, and nobody else."""

import asyncio
import re
from http.cookies import SimpleCookie
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from dcr_data_generator.clean_room.play.guard import Guard

HERE, FORWARDED = "127.0.0.1:9060", "me.example.dev"
SECRET = "what is on the page"
type Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def guard() -> Guard:
    """The guard of a page on port 9060, which is forwarded as me.example.dev."""
    return Guard(PlainTextResponse(SECRET), 9060, [FORWARDED])


def ask(guard: Guard, path: str = "/", kind: str = "http", **headers: str) -> Answer:
    """Send a request; returns the status, the headers and the body. A socket that is closed has the status 403."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect" if kind == "websocket" else "http.request"}

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message)

    path, _, query = path.partition("?")
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "method": "GET", "path": path, "query_string": query.encode(), "headers": encoded}
    asyncio.run(guard(scope, receive, send))
    if sent[0]["type"] == "websocket.close":
        return 403, {}, ""
    headers = {name.decode(): value.decode() for name, value in sent[0].get("headers", [])}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent).decode()


def enter(guard: Guard, host: str = HERE) -> str:
    """Show the token; returns the cookie."""
    status, headers, body = ask(guard, f"/?token={guard.token}", host=host)
    assert (status, SECRET in body) == (200, False)
    [cookie] = SimpleCookie(headers["set-cookie"]).values()
    return f"{cookie.key}={cookie.value}"


def test_the_token_becomes_a_strict_cookie_and_leaves_the_address(guard: Guard) -> None:
    _, headers, body = ask(guard, f"/?token={guard.token}", host=HERE)
    assert re.fullmatch(r"dcr_play_9060=[\w-]{43}; HttpOnly; Path=/; SameSite=strict", headers["set-cookie"])
    assert guard.token not in body + str(headers)
    assert 'location.replace("/?again" + location.hash)' in body


def test_a_browser_with_the_cookie_gets_the_page_and_a_second_browser_gets_another_cookie(guard: Guard) -> None:
    first, second = enter(guard), enter(guard)
    assert first != second
    for cookie in (first, second):
        assert ask(guard, host=HERE, cookie=f"other=1; {cookie}")[2] == SECRET
        assert ask(guard, host=HERE, cookie=cookie, origin=f"http://{HERE}")[2] == SECRET
    assert ask(guard, f"/?token={guard.token}", host=HERE, cookie=first)[1].get("set-cookie") is None


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:9060"},
        {"host": HERE, "origin": "http://evil.example"},
        {"host": HERE, "origin": "http://127.0.0.1:3000"},
        {"host": HERE, "origin": "null"},
        {"host": HERE, "origin": "http://["},
        {"host": "evil.example:9060", "origin": "http://evil.example:9060"},
        {},
    ],
    ids=[
        "rebound host",
        "another origin",
        "another port",
        "sandbox",
        "no origin",
        "rebound host and origin",
        "no host",
    ],
)
def test_what_comes_from_elsewhere_gets_nothing_even_with_the_cookie_and_the_token(
    kind: str, headers: dict[str, str], guard: Guard
) -> None:
    cookie = enter(guard)
    for path in ("/", f"/?token={guard.token}", "/_nicegui_ws/socket.io/"):
        status, sent, body = ask(guard, path, kind, cookie=cookie, **headers)
        assert (status, SECRET in body, "set-cookie" in sent) == (403, False, False)


@pytest.mark.parametrize("cookie", ["", "dcr_play_9060=", "dcr_play_9060=guess", "dcr_play_9061=guess", "==;;a=b=c"])
def test_a_stranger_without_the_token_gets_nothing(cookie: str, guard: Guard) -> None:
    enter(guard)
    for path in ("/", "/?token=", "/?token=guess", "/?again", "/_nicegui_ws/socket.io/", f"/other?token={guard.token}"):
        for kind in ("http", "websocket"):
            status, sent, body = ask(guard, path, kind, host=HERE, cookie=cookie)
            assert (status, SECRET in body, "set-cookie" in sent) == (403, False, False)


def test_a_link_of_another_page_opens_the_page_once_more_from_here_and_then_ends(guard: Guard) -> None:
    # The browser leaves a strict cookie out of what another page has linked.
    assert 'location.replace("/?again"' in ask(guard, host=HERE)[2]
    assert "location" not in ask(guard, "/?again", host=HERE)[2]


def test_a_forwarded_name_gets_the_page_with_the_cookie_only(guard: Guard) -> None:
    assert ask(guard, host=FORWARDED)[0] == 403
    cookie = enter(guard, FORWARDED)
    assert ask(guard, host=FORWARDED, origin=f"https://{FORWARDED}", cookie=cookie)[2] == SECRET
    # Some proxies send what they forward to the name of this computer.
    assert ask(guard, host="localhost:9060", origin=f"https://{FORWARDED}", cookie=cookie)[2] == SECRET


def test_no_page_may_frame_it_and_it_loads_nothing_from_elsewhere(guard: Guard) -> None:
    _, headers, _ = ask(guard, host=HERE, cookie=enter(guard))
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy
