"""Locks the page: it answers this computer only, and only browsers that have had the address with the token.

NiceGUI's socket takes every origin, so each request and each socket passes here first.
"""

import secrets
from collections.abc import Collection
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from dcr_data_generator.warehouse import hosts

TOKEN, SECOND_TRY = "token", "again"
# A page of this origin that opens the page itself, so that the browser sends a SameSite=Strict cookie, even after a
# link elsewhere.
OPENING = (Path(__file__).parent / "opening.html").read_text(encoding="utf-8")
ELSEWHERE = "This page is for browsers on this computer. --allow-host allows a forwarded name."
NO_TOKEN = "Open the address that `dcr play` printed: it has a token, which this browser has not shown yet."
# NiceGUI compiles its components in the page, for which it needs eval.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
NOT_STORED = {"Cache-Control": "no-store"}
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Lets through what a browser sends that has exchanged the token for a cookie.

    Attributes:
        token: in the address that opens the page; it lasts as long as the command, for each browser.
        cookie: the name of the cookie, whose value tells one browser from another.
        browsers: the values of the cookie that were given out.
    """

    def __init__(self, app: ASGIApp, port: int, allowed: Collection[str] = ()) -> None:
        self.app, self.allowed = app, allowed
        self.token, self.cookie = secrets.token_urlsafe(16), f"dcr_play_{port}"  # a cookie is sent to every port
        self.browsers: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        answer = self.answer(scope, Headers(scope=scope))
        if answer and scope["type"] == "websocket":
            answer = WebSocketClose(code=1008)
        await (answer or self.app)(scope, receive, with_headers(send))

    def answer(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        """What a request gets instead of the page; None lets it through."""
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        token = query.get(TOKEN, [""])[0] if scope["path"] == "/" else ""
        is_known = cookie_parser(headers.get("cookie", "")).get(self.cookie) in self.browsers
        if not self.is_from_here(headers):
            return PlainTextResponse(ELSEWHERE, 403)
        if secrets.compare_digest(token.encode(), self.token.encode()):
            return self.open(is_known)
        if is_known:
            return None
        if scope["path"] == "/" and SECOND_TRY not in query:
            return HTMLResponse(OPENING, 403, NOT_STORED)
        return PlainTextResponse(NO_TOKEN, 403)

    def is_from_here(self, headers: Headers) -> bool:
        """Whether a request was sent to this computer, and by no page but its own."""
        host = headers.get("host", "")
        sender = headers.get("origin", f"http://{host}").partition("://")[2]
        return hosts.is_ours(host, self.allowed) and (sender == host or sender.partition(":")[0] in self.allowed)

    def open(self, is_known: bool) -> HTMLResponse:
        """Open the page without the token in its address, for a browser that has the cookie or gets it now."""
        response = HTMLResponse(OPENING, headers=NOT_STORED)
        if not is_known:
            browser = secrets.token_urlsafe(32)
            self.browsers.add(browser)
            response.set_cookie(self.cookie, browser, httponly=True, samesite="strict")
        return response


def with_headers(send: Send) -> Send:
    """Add the headers that keep a page to itself to each response."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message["headers"], *own]}
        await send(message)

    return send_with_headers
