"""The project's own clean room: the tables that a run has made, the views of sql/clean_room, and the two parties."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pyarrow as pa
from google.api_core.exceptions import NotFound
from google.cloud.bigquery import SchemaField
from pydantic import SecretStr
from rich.markup import escape

from dcr_data_generator import snapshot, sql
from dcr_data_generator.clean_room import compiling, salt, views
from dcr_data_generator.clean_room.analysis_rules import CleanRoom
from dcr_data_generator.clean_room.analysis_rules.engine import GoogleSQL
from dcr_data_generator.clean_room.room_folder import statements
from dcr_data_generator.clean_room.room_folder.room import Room, RoomView
from dcr_data_generator.clean_room.settings import LOWER_TRIM, MERCHANT_PARTY, PROVIDER_PARTY
from dcr_data_generator.clean_room.views import View
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import result_of
from dcr_data_generator.settings import Place
from dcr_data_generator.tables import FIVE_TABLES, IDENTITY_TABLES, MERCHANT, MODEL, PROVIDER, SOURCE, WORKING
from dcr_data_generator.warehouse.connect import connect
from dcr_data_generator.warehouse.warehouse import Warehouse

# What nobody but the party itself reads.
PARTIES = {MERCHANT_PARTY: (MERCHANT,), PROVIDER_PARTY: (PROVIDER, WORKING, MODEL)}
# What must be refused.
REFUSED = "clean_room/refused"
# Types whose values a table of the engine takes.
TYPES = {
    *("STRING", "BYTES", "BOOLEAN", "BOOL", "INTEGER", "INT64", "FLOAT", "FLOAT64", "NUMERIC"),
    *("DATE", "DATETIME", "TIME", "TIMESTAMP"),
}


@contextmanager
def connected(
    place: Place, terminal: Terminal, parameters: Mapping[str, object] | None = None, source_dataset: str = SOURCE
) -> Iterator[Warehouse]:
    """Start Google's SQL engine, and connect to where a run has made the tables; SQL may name its days from there on.

    Raises:
        UserError: there are no tables yet, a run was stopped while it made them, or BigQuery fails.
    """
    check_place(place)
    executor = ThreadPoolExecutor(1)
    with ExitStack() as stack:
        stack.callback(executor.shutdown, wait=False)
        with process.step(terminal, place.timeout, "Connect, and start Google's SQL engine"):
            starting = executor.submit(compiling.start, terminal)  # while BigQuery starts, too
            warehouse = stack.enter_context(found(place, parameters, source_dataset))
            result_of(starting)
        days = warehouse.window.parameters if warehouse.window else {"first_date": None, "last_date": None}
        warehouse.parameters = {**warehouse.parameters, **days}
        yield warehouse


def check_place(place: Place) -> None:
    """Check that a run can have made tables there. Raises UserError."""
    if not place.may_have_tables:
        raise UserError(f"there are no tables in {place.embedded_dir}: run `uv run dcr make{place.flags}` first")


@contextmanager
def found(
    place: Place, parameters: Mapping[str, object] | None = None, source_dataset: str = SOURCE
) -> Iterator[Warehouse]:
    """Connect to where a run has made the tables, without the SQL engine. Raises as `connected`."""
    check_place(place)
    with connect(place, parameters, source_dataset) as warehouse:
        with suppress(NotFound):  # then there are no tables, which open_room says
            warehouse.window = snapshot.recorded_window(warehouse)
        yield warehouse


def open_room(
    warehouse: Warehouse,
    secret: SecretStr,
    normalizer: str = LOWER_TRIM,
    more_views: Sequence[View] = (),
    more_tables: Mapping[str, Mapping[str, str]] | None = None,
) -> CleanRoom:
    """Open the clean room; it reads rows when it needs them. Raises as `read_room`."""
    return read_room(warehouse, secret, normalizer, more_views, more_tables).open()


def read_room(
    warehouse: Warehouse,
    secret: SecretStr,
    normalizer: str = LOWER_TRIM,
    more_views: Sequence[View] = (),
    more_tables: Mapping[str, Mapping[str, str]] | None = None,
) -> Room:
    """Read the clean room from the warehouse, sql/clean_room and sql/questions. More tables are given by their columns.

    Emails are normalized by a rule of sql/identity/normalizers.

    Raises:
        UserError: no run has made the tables yet, or a view is not BigQuery's.
    """
    suffix = warehouse.settings.suffix
    tables = {warehouse.named(name): name for name in FIVE_TABLES}
    try:
        schemas = {name: schema_of(warehouse, table) for name, table in tables.items()}
    except NotFound:
        raise UserError(
            f"there are no tables on {warehouse.name}: run `uv run dcr make` first, with the same flags"
        ) from None
    for table in IDENTITY_TABLES:
        with suppress(NotFound):  # of a run with --identity-noise
            schemas[warehouse.named(table)] = schema_of(warehouse, table)
            tables[warehouse.named(table)] = table

    def load(name: str, columns: Sequence[str]) -> Iterable[Sequence[object]]:
        if name not in tables:
            return []
        fields = [SchemaField(column, schemas[name][column]) for column in columns]
        return rows_of(warehouse.read_arrow(tables[name], fields), columns)

    secrets = {"salt": secret.get_secret_value(), "normalizer": normalizer}
    engine = GoogleSQL()
    own_views = [
        view
        for folder in (views.KEYS, views.VIEWS)
        for file in sql.read_folder(folder, suffix)
        for view in statements.parse_views(engine, sql.path_of(file.file), file.text)
    ]
    further = [RoomView(view.table, view.policy, view.query, view.rule) for view in more_views]
    allowed, refused = (
        [statements.parse_query(sql.path_of(each.file), each.text, PARTIES, is_refused) for each in queries]
        for queries, is_refused in (
            (sql.read_questions("subscriber*", suffix), False),
            ([each for each in sql.read_folder(REFUSED, suffix) if "because" in each.comments], True),
        )
    )
    return Room(
        name=warehouse.client.project,
        tables={**schemas, **(more_tables or {})},
        views=[*own_views, *further],
        parties={party: frozenset(map(warehouse.named, datasets)) for party, datasets in PARTIES.items()},
        load=load,
        allowed=allowed,
        refused=refused,
        secrets={warehouse.named(f"{party}.{salt.SALT_TABLE}"): secrets for party in (MERCHANT, PROVIDER)},
        templates=[template.text for template in sql.read_questions("template", suffix)],
    )


def schema_of(warehouse: Warehouse, table: str) -> dict[str, str]:
    """The columns of a table and their types, those that the engine takes."""
    fields = warehouse.client.get_table(warehouse.path(table)).schema
    return {field.name: field.field_type for field in fields if field.field_type in TYPES and field.mode != "REPEATED"}


def rows_of(table: pa.Table, columns: Sequence[str]) -> Iterable[Sequence[object]]:
    """The rows of a table, in the order of these columns."""
    return zip(*(table.column(name).to_pylist() for name in columns), strict=True)


def estimate_time(warehouse: Warehouse) -> list[str]:
    """Say in a sentence how long a rehearsal takes, if it is more than a minute, and which --days would take one.

    Raises:
        UserError: it would take longer than a step may.
    """
    for found in warehouse.run("advice/rehearsable_days").rows:
        advice = f"`dcr make` with --target-date {found.last_day} --days {found.days} makes few enough for one minute"
        if not found.days:
            advice = (
                f"those of {found.last_day} alone take more than one, and `dcr make` with a smaller --scale makes fewer"
            )
        sentence = f"rehearsing {found.orders:,} orders takes about {found.minutes} minutes on two cores: {advice}"
        if found.minutes * 60 > warehouse.settings.timeout:
            raise UserError(f"{sentence}; --timeout {found.minutes * 60} allows it")
        return [sentence[0].upper() + sentence[1:]]
    return []


def say_where(terminal: Terminal, report: Path | None, what: str) -> None:
    """Say in which report something is now."""
    if report:
        shown = report.relative_to(Path.cwd()) if report.is_relative_to(Path.cwd()) else report
        terminal.line(f"The report has {what} now: {escape(str(shown))}")
    else:
        terminal.line(f"There is no report of these tables to add {what} to: `dcr make` writes one.")
