"""Opens the clean room of a folder for a command that takes --room."""

from dcr_data_generator.clean_room import compiling
from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from dcr_data_generator.clean_room.room_folder import folder, judge
from dcr_data_generator.clean_room.room_folder.room import Room
from dcr_data_generator.clean_room.settings import RoomFolder
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal


def open_folder(place: RoomFolder, seconds: int, terminal: Terminal) -> tuple[Room, CleanRoom]:
    """Read a folder, and open its clean room. Raises UserError where something in it is wrong."""
    assert place.room
    with process.step(terminal, seconds, "Read the folder") as done:
        compiling.start(terminal)
        read = folder.read_room(place.room, place.sample)
        room = read.open()
        done.result = f"the parties {', '.join(read.parties)}; the privacy budgets are full"
    terminal.notices(judge.large_tables(read, place.sample))
    return read, room
