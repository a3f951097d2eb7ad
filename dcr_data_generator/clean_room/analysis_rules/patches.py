"""All changes to ZetaSQL's package, which runs on wasmtime. Written for zetasql 0.1.5 and wasmtime 50."""

import ctypes
from contextlib import suppress
from importlib.metadata import version

from wasmtime import Config, Engine, Store, WasmtimeError
from zetasql.core import wasm_client
from zetasql.core.wasm_client import WasmClient

from dcr_data_generator.errors import UserError

ZETASQL = "0.1.5"
OUT_OF_MEMORY = "the tables do not fit into the memory of Google's SQL engine: run `dcr make` with fewer --days"


class CachedConfig(Config):
    """Wasmtime's configuration, with its cache: the engine is 28 MB of WebAssembly, compiled once per machine.

    Where no cache can be written, such as without a home, it is compiled each time.
    """

    def __init__(self) -> None:
        super().__init__()
        with suppress(WasmtimeError):
            self.cache = True
        self.epoch_interruption = True


class StoppableStore(Store):
    """Wasmtime's store, whose code runs until the epoch of its engine is incremented, by any thread."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.set_epoch_deadline(1)


def write_bytes(client: WasmClient, place: int, content: bytes) -> None:
    """Copy bytes into the engine's memory. The package does it byte by byte in Python: a second per megabyte."""
    ctypes.memmove(address(client, place, len(content)), content, len(content))


def read_bytes(client: WasmClient, place: int, size: int) -> bytes:
    """Copy bytes from the engine's memory."""
    return ctypes.string_at(address(client, place, size), size)


def address(client: WasmClient, place: int, size: int) -> int:
    """Find the address of some bytes of the engine's memory, which moves when it grows.

    Raises:
        UserError: they are not in it: the engine had no memory left, or its malloc returned nothing.
    """
    place %= 1 << 32  # WebAssembly's integers have a sign
    if not 0 < place <= client.memory.data_len() - size:
        raise UserError(OUT_OF_MEMORY)
    return ctypes.addressof(client.memory.data_ptr().contents) + place


CHANGES = [
    (wasm_client, "Config", CachedConfig),
    (wasm_client, "Store", StoppableStore),
    (WasmClient, "write_bytes", write_bytes),
    (WasmClient, "read_bytes", read_bytes),
]


def apply() -> None:
    """Change every engine that this process starts.

    Raises:
        UserError: this is another version of the package, which does not have what is changed.
    """
    if not all(callable(getattr(owner, name, None)) for owner, name, _ in CHANGES):
        raise UserError(
            f"the clean room needs zetasql {ZETASQL}, and {version('zetasql')} is another: run "
            "`uv sync --group clean-room`"
        )
    for owner, name, change in CHANGES:
        setattr(owner, name, change)
