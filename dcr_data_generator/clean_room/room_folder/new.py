"""Writes an example of a room folder to start from: a bank and a telco, with one mistake that `dcr test` finds."""

import shutil
from pathlib import Path

from rich.markup import escape

from dcr_data_generator.clean_room.settings import NewSettings
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.values import quoted

EXAMPLE = Path(__file__).with_name("example")


def run(settings: NewSettings, terminal: Terminal) -> int:
    """Write the example; returns the exit status.

    Raises:
        UserError: no folder is given, or there is something at its place.
    """
    if not settings.folder:
        raise UserError("give the folder to write: `dcr new FOLDER`")
    folder = Path(settings.folder).expanduser()
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise UserError(f"{folder} is there already: give the name of a new folder")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    files = sorted(path.relative_to(EXAMPLE).as_posix() for path in EXAMPLE.rglob("*") if path.is_file())
    terminal.line(f"{escape(str(folder))} is the clean room of a bank and a telco, in {len(files)} files.")
    terminal.next({"Test it": f"uv run dcr test {quoted(settings.folder)}"})
    return 0
