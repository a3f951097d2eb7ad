"""A third witness of step 2: Google's reference engine, ZetaSQL, evaluates sql/provider/ to the values of pandas.

The functions of sql/provider/functions/ are in its catalog as SQL functions, with their text; the analyzer's own
rewriter puts it in the place of each call. The engine evaluates queries only, so a table is filled by the query of its
CREATE TABLE, and parameters are written as literals.
"""

import random
from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np
import pandas as pd
import pytest
from zetasql import types

from dcr_data_generator import draws, people, sql
from dcr_data_generator.clean_room.analysis_rules import engine
from dcr_data_generator.clean_room.analysis_rules.engine import GoogleSQL
from dcr_data_generator.ewallet_sql import STEPS
from dcr_data_generator.synthesis import synthesize
from dcr_data_generator.warehouse.embedded import thelook
from dcr_data_generator.warehouse.warehouse import TYPES
from tests.support import engines
from tests.support.engines import GREATEST, KEYS, LEAST
from tests.support.settings import make_settings, window_of
from tests.support.tables import frame_of

# Its arrays have 16,000 elements at most, and a page of names has 65,536.
SIZES = {65_536: 256, 65_535: 255}
DRAW = "{0}draw_4({0}draw_3({0}draw_2({0}draw_1({0}salt(@seed, '{1}'), key))))"


def fixed(kind: types.Type) -> types.FunctionArgumentType:
    """An argument or a result of that type."""
    return types.FunctionArgumentType(kind=types.SignatureArgumentKind.ARG_TYPE_FIXED, type=kind, num_occurrences=1)


INT64 = fixed(types.Type(type_kind=types.TypeKind.TYPE_INT64))


@pytest.fixture(scope="module")
def reference() -> Iterator[GoogleSQL]:
    """The reference engine with the functions of sql/provider/functions/."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        inline = types.ResolvedASTRewrite.REWRITE_INLINE_SQL_FUNCTIONS
        monkeypatch.setattr(engine, "REWRITES", [*engine.REWRITES, inline])
        reference = GoogleSQL()
        functions = types.SimpleCatalog(name="ewallet_working")
        for query in sql.read_folder("provider/functions"):
            created = reference.analyze(query.text)
            arguments = [fixed(argument.type) for argument in created.signature.argument]
            function = types.Function(
                name_path=created.name_path,
                group="Templated_SQL_Function",
                mode=types.FunctionEnums.Mode.SCALAR,
                signature=[types.FunctionSignature(argument=arguments, return_type=INT64)],
                parse_resume_location=types.ParseResumeLocation(input=created.code),
                templated_sql_function_argument_name=created.argument_name_list,
            )
            functions.custom_function.append(function)
        reference.catalog.catalog.append(functions)
        reference.engines[0].unregister()  # it gets the catalog again
        yield reference


def with_literals(text: str, values: Mapping[str, object]) -> str:
    """Write the parameters of a query as literals."""
    for name, value in values.items():
        literal = str(value) if isinstance(value, list) else f"CAST({str(value)!r} AS {TYPES[type(value)]})"
        text = text.replace(f"@{name}", literal)
    return text


def make_table(reference: GoogleSQL, file: str, values: Mapping[str, object]) -> str:
    """Make a table by the query of its CREATE TABLE; returns its name."""
    text = reference.plain_names(engines.resize(with_literals(sql.read(file).text, values), SIZES))
    [create] = reference.nodes(text, types.ASTCreateTableStatement)
    place = engine.as_range(create.query)
    query = text.encode()[place.start : place.stop].decode()
    columns = reference.analyze(query).output_column_list
    name = ".".join(part.id_string for part in create.name.names)
    reference.add_table(name, {column.name: column.column.type.type_kind for column in columns})
    reference.fill_from(name, query)
    return name


@pytest.mark.parametrize("seed", [0, 42, 2**64 + 1])
@pytest.mark.slow
def test_the_reference_engine_draws_the_same_numbers(seed: int, reference: GoogleSQL) -> None:
    dice = random.Random(seed)
    keys = [LEAST, -(2**32), -1, 0, 1, 2**31, 2**32 - 1, 2**32, GREATEST]
    keys += [dice.randrange(LEAST, GREATEST) for _ in range(200)]
    text = f"""
        SELECT {DRAW.format("ewallet_working.", "wallet")}, {DRAW.format("ewallet_working.", "transaction_id low")},
          ewallet_working.salt(@seed, 'city')
        FROM UNNEST({keys}) AS key WITH OFFSET AS place
        ORDER BY place"""
    rows = reference.evaluate(with_literals(text, {"seed": str(seed)}))[0].rows
    wallet, low, salts = zip(*rows, strict=True)
    assert list(wallet) == draws.draw(seed, "wallet", np.array(keys)).tolist()
    assert list(low) == draws.draw(seed, "transaction_id low", np.array(keys)).tolist()
    assert {salt % 2**64 for salt in salts} == {draws.salt(seed, "city")}


@pytest.mark.slow
def test_the_reference_engine_makes_the_same_tables(reference: GoogleSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    engines.use_few_names(monkeypatch)
    rates = {"match_rate": 0.6, "wallet_payment_rate": 0.9, "wallet_only_rate": 0.6}
    settings = make_settings(**rates, target_date="2024-02-29", seed=7)
    values = (
        settings.parameters
        | window_of(settings).parameters
        | people.name_parameters()
        | {"names_per_user": people.NAMES_PER_USER[-1]}
    )
    merchant = dict(zip(("orders", "order_items", "users"), engines.odd_merchant(), strict=True))
    for name, rows in merchant.items():
        columns = {field.name: engine.kind_of(field.field_type) for field in thelook.SCHEMAS[name]}
        reference.add_table(f"merchant_provider.{name}", columns)
        reference.fill(f"merchant_provider.{name}", [[row.get(column) for column in columns] for row in rows])
    names = [make_table(reference, f"provider/{name}", values) for name in (*chain(*STEPS), *KEYS)]
    frames = [frame_of(thelook.SCHEMAS[name], rows) for name, rows in merchant.items()]
    ours = synthesize(*frames, settings.draws, window_of(settings).last_date)
    for name, table, key in zip(names[-2:], ours, KEYS.values(), strict=True):
        theirs = pd.DataFrame(reference.rows(name), columns=table.columns, dtype=object).astype(table.dtypes)
        tables = [frame.sort_values(key, ignore_index=True) for frame in (table, theirs)]
        pd.testing.assert_frame_equal(*tables, check_exact=True)
        assert len(table) > 20
