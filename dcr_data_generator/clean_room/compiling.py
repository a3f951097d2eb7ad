"""Starts Google's SQL engine, and says so where it has to be compiled: the first time on a machine."""

import threading
import time

from dcr_data_generator.clean_room import analysis_rules
from dcr_data_generator.console.terminal import Terminal

# Of the processor. Starting takes half a second of it, and compiling 20. The clock does not tell the two apart: other
# programs may have the processor.
SECONDS = 5
COMPILING = "Google's SQL engine is being compiled, once on this machine: this takes about 20 seconds."


def start(terminal: Terminal) -> None:
    """Start the engine. Raises UserError as `analysis_rules.start`."""
    is_over, before = threading.Event(), time.process_time()

    def watch() -> None:
        while not is_over.wait(0.1):
            if time.process_time() - before >= SECONDS:
                terminal.notices([COMPILING])
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        analysis_rules.start()
    finally:
        is_over.set()
