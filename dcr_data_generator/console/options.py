"""Makes click's commands of settings. A flag beats the environment, which beats the constant in main.py."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, get_type_hints

import click
from click.core import ParameterSource
from rich_click import RichCommand, RichOption

from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.values import PACKAGE

# Every option has a variable: --target-date has DCR_TARGET_DATE.
CONTEXT = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "DCR"}
# Former options, and what does the same now.
FORMER = {"--remove": "dcr remove"}


@dataclass(frozen=True)
class Parsed(click.ParamType):
    """A type of click's that a parser of values.py reads."""

    parse: Callable[[str], Any]
    name: str = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Read a text; a value that was read already stays."""
        if not isinstance(value, str):
            return value
        try:
            return self.parse(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


class DiscreetChoice(click.Choice):
    """A choice that does not repeat what is none of its texts, which may be a secret."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Read a text."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"what is given is not one of {', '.join(map(repr, self.choices))}.", param, ctx)


class Command(RichCommand):
    """A command one of whose arguments may be SQL that begins with a comment, which is not an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        return super().parse_args(ctx, [f" {each}" if re.match(r"--\s", each) else each for each in args])


def command[Settings](
    name: str,
    text: str,
    settings: type[Settings],
    run: Callable[[Settings, Terminal], int],
    constants: Mapping[str, object],
    **more: Any,  # noqa: ANN401
) -> RichCommand:
    """Make a command that builds its settings from its options, and runs; its result is the exit status."""

    @click.pass_obj
    def callback(terminal: Terminal, **values: Any) -> int:  # noqa: ANN401
        made: Any = build(settings, values)
        terminal.show(made.screen)
        return run(made, terminal)

    return Command(
        name=name,
        help=text,
        params=options_of(settings, constants),
        callback=callback,
        context_settings=CONTEXT,
        **more,
    )


def with_version[Command: click.Command](command: Command) -> Command:
    """Give a command the option --version."""
    return click.version_option(package_name=PACKAGE, prog_name="dcr")(command)


def parts_of(settings: type) -> dict[str, type]:
    """The parts that a command's settings are made of, by their fields."""
    types = get_type_hints(settings)
    return {each.name: types[each.name] for each in fields(settings) if is_dataclass(types[each.name])}


def build[Settings](settings: type[Settings], values: Mapping[str, Any]) -> Settings:
    """Build settings of the values of their fields, and of those of their parts. Raises UserError as they do."""
    parts = parts_of(settings)
    return settings(
        **{
            each.name: build(parts[each.name], values) if each.name in parts else values[name_of(each)]
            for each in fields(settings)  # type: ignore[arg-type]
        }
    )


def timeout_of(settings: object) -> float:
    """The --timeout of settings or of one of their parts; 0 where they have none."""
    parts = vars(settings).values()
    return getattr(settings, "timeout", 0) or max(map(timeout_of, filter(is_dataclass, parts)), default=0)


def options_of(settings: type, constants: Mapping[str, object]) -> list[click.Parameter]:
    """Make the options of settings and of their parts; those without a default have a constant in main.py."""
    parts = parts_of(settings)
    options: list[click.Parameter] = []
    for each in fields(settings):
        if each.name in parts:
            options += options_of(parts[each.name], constants)
        elif "argument" in each.metadata:
            options.append(click.Argument([each.name], required=False, metavar=f"[{each.metadata['metavar']}]"))
        else:
            options.append(option_of(each, getattr(settings, "panel", "Options"), constants))
    return options


def name_of(field: Field) -> str:
    """The name of an option; that of as_ is as, which Python does not allow as the name of a field."""
    return field.name.rstrip("_")


def option_of(field: Field, panel: str, constants: Mapping[str, object]) -> RichOption:
    about = field.metadata
    default = constants.get(field.name, None if field.default is MISSING else field.default)
    is_flag, is_repeated = field.default is False, "repeated" in about
    choice = DiscreetChoice if "may_be_secret" in about else click.Choice
    kind = choice(about["choices"]) if "choices" in about else Parsed(about["parse"]) if "parse" in about else None
    more: dict[str, Any] = {}
    if default is not None or field.default is not MISSING:  # click takes a default of None for a value
        # As text, so that a constant is read and checked like a flag.
        more["default"] = default if default is None or is_flag or is_repeated else str(default)
    name = name_of(field)
    return RichOption(
        [name, *filter(None, [about.get("short")]), f"--{name.replace('_', '-')}"],
        type=kind,
        help=with_choices(about["help"], about.get("choices", ())),
        metavar=about["metavar"] or None,
        panel=about.get("panel", panel),
        required="default" not in more,
        is_flag=is_flag,
        multiple=is_repeated,
        show_default=not is_flag and default != "",
        **more,
    )


def with_choices(text: str, choices: Sequence[str]) -> str:
    """A help text with all that may be chosen, where it does not name them."""
    return text if all(each in text for each in choices) else f"{text} One of: {', '.join(choices)}."


def execute(command: click.Command, program: str, arguments: Sequence[str] | None, terminal: Terminal) -> int:
    """Run a command; returns its exit status.

    Raises:
        UserError: an argument is not allowed.
    """
    try:
        given = None if arguments is None else list(arguments)
        return int(command.main(given, program, standalone_mode=False, obj=terminal) or 0)
    except click.ClickException as error:
        if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
            error.param_hint = origin_of(error.param, error.ctx) if error.param and error.ctx else error.param_hint
        if isinstance(error, click.NoSuchOption) and (former := FORMER.get(error.option_name)):
            raise UserError(f"there is no option {error.option_name}: did you mean `{former}`?") from None
        # An extra argument may be a secret that was given by mistake.
        reason = re.sub(r"(extra arguments?) \(.*\)", r"\1", error.format_message(), flags=re.DOTALL)
        raise UserError(f"{reason.rstrip('.?')}; --help lists the options") from None


def origin_of(option: click.Parameter, context: click.Context) -> str:
    """Where a value comes from: the name of the flag, the variable, or the constant."""
    name = str(option.name).upper()
    match context.get_parameter_source(str(option.name)):
        case ParameterSource.ENVIRONMENT:
            return f"{context.auto_envvar_prefix}_{name}"
        case ParameterSource.DEFAULT:
            return f"{name} in main.py"
    return f"'{option.opts[-1]}'"
