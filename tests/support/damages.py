"""Ways in which the data in a data directory can be damaged."""

import os
from collections.abc import Callable
from pathlib import Path

from dcr_data_generator.warehouse.embedded import engine


def cut_off(share: float) -> Callable[[Path], None]:
    """Leave only the beginning of the data."""
    return lambda directory: os.truncate(data := directory / engine.DATA, int(data.stat().st_size * share))


def overwrite(start: int, length: int) -> Callable[[Path], None]:
    """Overwrite some of the data."""

    def change(directory: Path) -> None:
        with (directory / engine.DATA).open("r+b") as file:
            file.seek(start)
            file.write(b"\xa5" * length)

    return change


DAMAGES = {
    "no data at all": lambda directory: (directory / engine.DATA).write_bytes(b""),
    "a text": lambda directory: (directory / engine.DATA).write_bytes(b"This is not a database.\n" * 1000),
    "zeros": lambda directory: (directory / engine.DATA).write_bytes(bytes(1 << 20)),
    "cut off at a hundredth": cut_off(0.01),
    "cut off in the middle": cut_off(0.5),
    "another beginning": overwrite(0, 8192),
    "another header": overwrite(4096, 4096),
    "another second header": overwrite(8192, 4096),
    "a hole in the middle": overwrite(4 << 20, 1 << 20),
    "nothing but its header": overwrite(3 * 4096, 16 << 20),
    "a folder in its place": lambda directory: ((directory / engine.DATA).unlink(), (directory / engine.DATA).mkdir()),
    "a log of nonsense": lambda directory: (directory / f"{engine.DATA}.wal").write_bytes(b"\xa5" * 10_000),
}
