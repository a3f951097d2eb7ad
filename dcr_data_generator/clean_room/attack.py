"""Attacks the clean room with questions that its rules allow, and counts how often the attackers are right."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rich.markup import escape

from dcr_data_generator import sql
from dcr_data_generator.clean_room import project, salt, views
from dcr_data_generator.clean_room.analysis_rules import NotUnderstood, Refused
from dcr_data_generator.clean_room.lab import FOLDER, OWN_TABLES, Lab, Outcome, TooFew
from dcr_data_generator.clean_room.settings import LOWER_TRIM, AttackSettings
from dcr_data_generator.clean_room.trials import ATTACKS
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.output.report.report import add_to_report
from dcr_data_generator.settings import Window
from dcr_data_generator.verify import use_cases
from dcr_data_generator.warehouse.warehouse import Warehouse

HEADER = ("attack", "what it gets", "without the defence", "with it", "guessing")
HOLDS = (
    "What holds: no exact view beside one with noise; a small total epsilon, of all views together; query templates "
    "that cannot fail; and no column that identifies a person with others."
)


def run(settings: AttackSettings, terminal: Terminal) -> int:
    """Carry out the attacks, and show how often each was right, without and with the defence.

    Returns: the exit status, 0.

    Raises:
        UserError: there are no tables yet, or the report cannot be written.
    """
    if settings.room.room:
        from dcr_data_generator.clean_room.room_folder import attacks  # with DuckDB, which only they need

        return attacks.run(settings, terminal)
    place = settings.place
    step = partial(process.step, terminal, place.timeout)
    with project.connected(place, terminal) as warehouse:
        terminal.line(f"Attacking the clean room on {escape(warehouse.name_and_days)}.")
        with step("Put both parties' tables behind the views"):
            lab = set_up(warehouse, settings.victims, settings.seed, terminal)
            answers = use_cases.run(warehouse)
        carried_out, lines = [], []
        for name in [settings.only] if settings.only else ATTACKS:
            file, texts = lab.read(name), queries_of(lab, name)
            with step(file.comment("attack")) as done:
                lab.progress = done.count
                outcome = carry_out(lab, ATTACKS[name])
                done.result = outcome.sentence
            if terminal.verbose:
                show(terminal, file, texts, outcome)
            lines += lines_of(file, outcome)
            findings = [each._asdict() for each in outcome.findings]
            carried_out.append(
                {"name": name, "queries": texts} | file.comments | outcome._asdict() | {"findings": findings}
            )
        if lines:
            terminal.line()
            terminal.marked_table(HEADER, lines)
            terminal.line(HOLDS)
        if not settings.report.no_report:
            report = add_to_report(warehouse, place, answers, {"attacks": carried_out})
            project.say_where(terminal, report, "the attacks")
    terminal.next({"Choose an epsilon": f"uv run dcr plan{place.flags}"})
    return 0


def queries_of(lab: Lab, name: str) -> dict[str, str]:
    """The queries of an attack, by the names of their files."""
    return {query.name: query.text for query in sql.read_folder(FOLDER, lab.suffix) if query.name.startswith(name)}


def set_up(warehouse: Warehouse, victims: int, seed: int, terminal: Terminal) -> Lab:
    """Put both parties' tables behind the views, and read what is true of each person."""
    suffix, secret = warehouse.settings.suffix, salt.given_or_drawn(None, terminal)
    more_views = views.read(suffix, folder=f"{FOLDER}/views")
    own = {warehouse.named(name): columns for name, columns in OWN_TABLES.values()}
    room = project.open_room(warehouse, secret, LOWER_TRIM, more_views, own)
    terminal.notices(project.estimate_time(warehouse))
    if not (window := warehouse.window):
        first_day, last_day = warehouse.run("outcome/order_dates").row.values()
        window = Window(last_day, (last_day - first_day).days + 1)
    room.prepare_all(query.text for query in sql.read_folder(FOLDER, suffix))
    return Lab(room, secret.get_secret_value(), victims, seed, window.days, suffix)


def carry_out(lab: Lab, attack: Callable[[Lab], Outcome]) -> Outcome:
    """Carry out an attack, if the rules and the snapshot allow it; each has full budgets."""
    lab.room.renew_budgets()
    try:
        return attack(lab)
    except Refused as reason:
        return Outcome(f"refused: {reason}")
    except (NotUnderstood, TooFew) as reason:
        return Outcome(f"not shown: {reason}")


def lines_of(file: sql.Query, outcome: Outcome) -> list[list[tuple[str, bool]]]:
    """The lines of an attack in the table: the cells, and whether the attacker gets through there."""
    return [
        [
            ("" if number else file.comment("attack"), False),
            (each.secret, False),
            (each.without, each.gets_through),
            (each.defended, each.gets_through_defence),
            (each.guessing, False),
        ]
        for number, each in enumerate(outcome.findings)
    ]


def show(terminal: Terminal, file: sql.Query, queries: Mapping[str, str], outcome: Outcome) -> None:
    """Print what an attack is about, its queries as sent, and its figures."""
    for name in ("wants", "knows", "does", "defence"):
        terminal.item(f"  [dim]{name}:[/]", escape(file.comment(name)))
    for name, text in queries.items():
        terminal.line(f"\n[bold]{name}.sql[/]")
        terminal.code(text)
    rates: Sequence[Mapping[str, object]] = [
        each.figures for each in outcome.findings if each.figures and "right_low" in each.figures
    ]
    if rates:
        terminal.line("Rates, with their 95 % intervals:")
    for rows in (rates, outcome.rows):
        if rows:
            terminal.table([*rows[0]], [[*row.values()] for row in rows])
    if outcome.example:
        terminal.line(outcome.example)
