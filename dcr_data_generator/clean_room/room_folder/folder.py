"""Reads a room folder: tables/DATASET/TABLE.csv or .parquet, views/*.sql, allowed/*.sql, refused/*.sql, room.toml."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from dcr_data_generator.clean_room import analysis_rules
from dcr_data_generator.clean_room.analysis_rules.engine import GoogleSQL
from dcr_data_generator.clean_room.room_folder import statements
from dcr_data_generator.clean_room.room_folder.files import Table, check_places, files_of, path_of, read_text
from dcr_data_generator.clean_room.room_folder.room import Room, RoomView, listed
from dcr_data_generator.clean_room.room_folder.sample import Sample
from dcr_data_generator.errors import UserError

PARTIES = "room.toml"
READ = (
    *("tables/*/*.csv", "tables/*/*.parquet", "tables/*/*.schema.json"),
    *("views/*.sql", "allowed/*.sql", "refused/*.sql"),
)


def read_room(folder: Path, sample: int | None = None) -> Room:
    """Read a room folder; with a sample, about so many rows of the largest table, the same people in all tables.

    Raises:
        UserError: something in it is wrong; the sentence begins with the file and the line.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: `dcr new {folder}` writes one to start from")
    check_places(folder, READ)
    analysis_rules.start()
    engine = GoogleSQL()
    tables = read_tables(folder)
    views: list[RoomView] = []
    for path in files_of(folder, "views/*.sql"):
        views += statements.parse_views(engine, path_of(folder, path), read_text(folder, path))
    if not views:
        raise UserError(f"{folder} has no views/*.sql: there is nothing that the parties share")
    views = statements.in_order(engine, views)
    by_name = {name.lower(): table.file for name, table in tables.items()}
    read = {view.name: statements.names_in(engine, view) for view in views}
    for view in views:
        if file := by_name.get(view.name.lower()):
            raise UserError(f"{view.file}:{view.line}: {view.name} is a table already, {file}")
        missing = [name for name in read[view.name] - tables.keys() - read.keys() if "." in name]
        if missing:
            raise UserError(f"{view.file}:{view.query_line}: there is no table and no view {min(missing)}")
    parties = read_parties(folder, tables, views, read)
    allowed, refused = (
        [
            statements.parse_query(path_of(folder, path), read_text(folder, path), parties, kind == "refused")
            for path in files_of(folder, f"{kind}/*.sql")
        ]
        for kind in ("allowed", "refused")
    )
    rows = {name: table.number_of_rows for name, table in tables.items()}
    sampled = Sample({name: table.columns for name, table in tables.items()}, views, rows, sample)

    def load(name: str, columns: Sequence[str]) -> Iterable[Sequence[object]]:
        return sampled.rows(name, columns, tables[name].rows)

    return Room(
        name=folder.name,
        tables={name: table.columns for name, table in tables.items()},
        views=views,
        parties=parties,
        load=load,
        allowed=allowed,
        refused=refused,
        rows=rows,
        files={name: table.file for name, table in tables.items()},
    )


def read_tables(folder: Path) -> dict[str, Table]:
    """Read the tables of a folder, by their names. Raises UserError where there are none, or one cannot be read."""
    connection = duckdb.connect()
    tables: dict[str, Table] = {}
    for path in [*files_of(folder, "tables/*/*.csv"), *files_of(folder, "tables/*/*.parquet")]:
        name = f"{path.parent.name}.{path.stem}"
        if other := next((each for known, each in tables.items() if known.lower() == name.lower()), None):
            raise UserError(f"{path_of(folder, path)}:1: {name} is there already, in {other.file}: remove one of them")
        tables[name] = Table(connection, folder, path)
    if not tables:
        raise UserError(f"{folder} has no tables/DATASET/TABLE.csv or .parquet")
    return tables


def read_parties(
    folder: Path, tables: Mapping[str, Table], views: Sequence[RoomView], read: Mapping[str, set[str]]
) -> dict[str, frozenset[str]]:
    """The datasets of each party, by room.toml; without it, each dataset with tables is a party, and has its views.

    Args:
        folder: the room's.
        tables: by their names.
        views: each after those that it reads.
        read: what each view names.

    Raises:
        UserError: a dataset belongs to no party, or to two.
    """
    datasets = {name.split(".")[0] for name in [*tables, *(view.name for view in views)]}
    if files := files_of(folder, PARTIES):
        return parse_parties(read_text(folder, files[0]), datasets)
    parties = {name.split(".")[0]: {name.split(".")[0]} for name in tables}
    owner = {name: name.split(".")[0] for name in tables}
    for view in views:
        owners = {owner[name] for name in read[view.name] if name in owner}
        dataset = view.name.split(".")[0]
        if dataset in parties:
            owners = {dataset}
        if len(owners) != 1:
            whose = f"reads the tables of {listed(owners)}" if owners else "reads no table of the folder"
            raise UserError(f"{view.file}:{view.line}: {view.name} {whose}: say in {PARTIES} whose dataset it is in")
        [owner[view.name]] = owners
        others = [party for party, own in parties.items() if dataset in own and party not in owners]
        if others:
            raise UserError(
                f"{view.file}:{view.line}: {dataset} has views of two parties: say in {PARTIES} whose it is"
            )
        parties[owner[view.name]].add(dataset)
    return {name: frozenset(own) for name, own in parties.items()}


def parse_parties(text: str, datasets: set[str]) -> dict[str, frozenset[str]]:
    """Read the table [parties] of a room.toml. Raises UserError where it is not one."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        line = place[1] if place else len(text.splitlines())
        raise UserError(f"{PARTIES}:{line}: {error}") from None
    parties = given.get("parties")
    is_table = isinstance(parties, dict) and all(
        isinstance(own, list) and all(isinstance(each, str) for each in own) for own in parties.values()
    )
    if not isinstance(parties, dict) or not parties or not is_table:
        raise UserError(f'{PARTIES}:1: this has no [parties] such as bank = ["bank", "bank_room"]')
    listed_datasets = [each for own in parties.values() for each in own]
    for name, own in parties.items():
        for dataset in own:
            line = next((n for n, each in enumerate(text.splitlines(), 1) if f'"{dataset}"' in each), 1)
            if dataset not in datasets:
                raise UserError(f"{PARTIES}:{line}: {name} has the dataset {dataset}, which has no table and no view")
            if listed_datasets.count(dataset) > 1:
                raise UserError(f"{PARTIES}:{line}: the dataset {dataset} is listed twice")
    if missing := datasets - {*listed_datasets}:
        raise UserError(f"{PARTIES}:1: the dataset {min(missing)} belongs to no party")
    return {name: frozenset(own) for name, own in parties.items()}
