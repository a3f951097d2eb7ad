"""The embedded BigQuery's command: `uv run python -m dcr_data_generator.embedded serve`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dcr_data_generator import shutdown

if TYPE_CHECKING:
    from dcr_data_generator.terminal import Terminal


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve what main has made. Returns the exit status: 130 after Ctrl-C, 2 for an error."""

    def command(terminal: "Terminal") -> int:
        from rich_click import RichCommand, RichGroup

        from dcr_data_generator.settings import Settings, options_of, run_command

        group = RichGroup(help="The embedded BigQuery, over what main has made.", no_args_is_help=False)
        serve_command = RichCommand(
            name="serve",
            params=[each for each in options_of(Settings, {}) if each.name in ("embedded_dir", "suffix")],
            callback=lambda embedded_dir, suffix: (embedded_dir, suffix),
            help="Serve the tables to any BigQuery client, until Ctrl-C.",
        )
        group.add_command(serve_command)
        directory, suffix = run_command(group, "python -m dcr_data_generator.embedded", arguments)
        from dcr_data_generator.embedded import serve

        return serve.run(directory, suffix, terminal)

    return shutdown.run_safely(command)


if __name__ == "__main__":
    shutdown.exit_with(main)
