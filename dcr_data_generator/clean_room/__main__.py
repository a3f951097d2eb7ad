"""The clean room's command: `uv run python -m dcr_data_generator.clean_room rehearse`, `publish` or `unpublish`."""

import os
import sys

from dcr_data_generator.clean_room.command import main

if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Without waiting for threads: one that hangs in a request would keep a run that was stopped from ending.
    os._exit(status)
