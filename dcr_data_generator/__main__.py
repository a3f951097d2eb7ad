"""`python -m dcr_data_generator` is the same as `dcr`."""

from dcr_data_generator.commands.group import main
from dcr_data_generator.console import process

if __name__ == "__main__":
    process.exit_with(main)
