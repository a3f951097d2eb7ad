"""The web server of the page, in a thread: the main thread hears Ctrl-C."""

import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui

from dcr_data_generator.clean_room.play import page
from dcr_data_generator.clean_room.play.guard import TOKEN, Guard

START_SECONDS, STOP_SECONDS = 30, 3
# Their lines could have a query.
LOGGERS = "nicegui", "uvicorn", "socketio", "engineio", "asyncio"


@contextmanager
def serving(
    play: page.Play, listener: socket.socket, allowed: Sequence[str], tell: Callable[[str], None]
) -> Iterator[list[str]]:
    """Serve the page; yields the addresses that open it. It ends at once, with what is asked there.

    `tell` is told of an error that was not foreseen, without its text, which could have a query.
    """
    for name in LOGGERS:
        logging.getLogger(name).disabled = True
    port = listener.getsockname()[1]
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    guard = Guard(app, port, allowed)
    page.create(play, lambda request: request.cookies[guard.cookie])
    nicegui_app.on_exception(lambda error: tell(place_of(error)))
    ui.run_with(app, language="en-US", dark=None, tailwind=False, show_welcome_message=False)
    config = uvicorn.Config(guard, log_config=None, access_log=False, server_header=False)
    server, started = uvicorn.Server(config), threading.Event()
    app.router.on_startup.append(started.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="page", daemon=True)
    thread.start()
    try:
        started.wait(START_SECONDS)
        hosts = [f"http://{listener.getsockname()[0]}:{port}", *(f"https://{host}" for host in allowed)]
        yield [f"{host}/?{TOKEN}={guard.token}" for host in hosts]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(STOP_SECONDS)


def place_of(error: Exception) -> str:
    """Say where an error happened that was not foreseen."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"unexpected {type(error).__name__} in {frame.filename}, line {frame.lineno}: please report this line"
