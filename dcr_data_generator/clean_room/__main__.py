"""The clean room's command: `uv run python -m dcr_data_generator.clean_room rehearse`, `publish`, `subscribe`, ..."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dcr_data_generator import shutdown

if TYPE_CHECKING:
    from dcr_data_generator.terminal import Terminal


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse, attack, publish, subscribe, or undo it.

    Returns: the exit status: 0; 1 where an attempt gets an answer, or a query is refused; 2 for an error.
    """

    def command(terminal: "Terminal") -> int:
        from rich_click import RichCommand, RichGroup

        from dcr_data_generator.clean_room import settings as kinds
        from dcr_data_generator.errors import UserError
        from dcr_data_generator.main import CONSTANTS
        from dcr_data_generator.settings import options_of, run_command, unknown_variables

        group = RichGroup(
            help="The clean room between the two parties, over what main has made.", no_args_is_help=False
        )

        def add(name: str, settings: type, text: str) -> None:
            def callback(**options: Any) -> tuple[str, Any]:  # noqa: ANN401
                return name, settings(**options)

            params = options_of(settings, CONSTANTS, ("Where", kinds.PANEL))
            group.add_command(RichCommand(name=name, params=params, callback=callback, help=text))

        add("rehearse", kinds.RehearseSettings, "Ask the use cases, and what must be refused, as a subscriber would.")
        add("attack", kinds.AttackSettings, "Attack the clean room with permitted questions, and count who is right.")
        add("publish", kinds.PublishSettings, "Create the clean room on Google Cloud, or change what differs.")
        add("unpublish", kinds.UnpublishSettings, "Delete from Google Cloud what publish created.")
        add(
            "subscribe",
            kinds.SubscribeSettings,
            "Create a linked dataset with the clean room's views, as a subscriber.",
        )
        add("refresh", kinds.UnsubscribeSettings, "Take over views that the publisher has added or removed.")
        add("unsubscribe", kinds.UnsubscribeSettings, "Delete the subscription and its linked dataset.")
        name, settings = run_command(group, "python -m dcr_data_generator.clean_room", arguments)
        for sentence in unknown_variables():
            terminal.warning(sentence)
        terminal.console.quiet = settings.quiet
        try:
            # Here, so that a wrong flag is reported at once: these take their time.
            from dcr_data_generator.clean_room import attack, publish, rehearse, subscribe
        except ImportError as error:
            raise UserError(
                f"the clean room is not installed as it should be ({error}): run `uv sync --group clean-room`"
            ) from None
        # A command is the function of its name.
        run = next(getattr(module, name) for module in (rehearse, attack, publish, subscribe) if hasattr(module, name))
        return int(run(settings, terminal))

    return shutdown.run_safely(command)


if __name__ == "__main__":
    shutdown.exit_with(main)
