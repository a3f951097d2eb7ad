"""The package's SQL is BigQuery's: every file is analyzed by ZetaSQL, the analyzer from which BigQuery's SQL is made.

The embedded BigQuery is lax: it takes names, types and syntax that the real one refuses. ZetaSQL is strict, and tells
from the schemas alone whether a statement means anything.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from google.cloud.bigquery import SchemaField
from zetasql.api import (
    CatalogBuilder,
    ResolvedNodeVisitor,
    TableBuilder,
    TVFBuilder,
)
from zetasql.core.exceptions import ZetaSQLError
from zetasql.types import (
    AnalyzerOptions,
    ArrayType,
    FunctionArgumentType,
    ResolvedAggregateScan,
    ResolvedAnalyticScan,
    ResolvedLimitOffsetScan,
    ResolvedOrderByScan,
    ResolvedSubqueryExpr,
    SignatureArgumentKind,
    SimpleCatalog,
    SimpleModel,
    SimpleTable,
    StructField,
    StructType,
    Type,
    TypeKind,
    ZetaSQLBuiltinFunctionOptions,
)

from dcr_data_generator import sql, tables
from dcr_data_generator.clean_room import analysis_rules
from dcr_data_generator.clean_room.analysis_rules import dialect, engine
from dcr_data_generator.clean_room.lab import OWN_TABLES
from dcr_data_generator.clean_room.room_folder import attacks
from dcr_data_generator.tables import MODEL
from dcr_data_generator.warehouse.embedded import thelook
from tests.support import engines


def files_of(folder: str) -> list[str]:
    """The files of a folder of sql/, without their ending."""
    paths = sorted((sql.FOLDER / folder).rglob("*.sql"))
    return [path.relative_to(sql.FOLDER).with_suffix("").as_posix() for path in paths]


# Each process that uses ZetaSQL has to load its 28 MB of WebAssembly: one worker does it for all these tests.
# The clean room's files query its views, not the five tables: their own tests analyze them.
FILES = files_of("")
# It asks for a column that is not shared, and must be refused.
FILES.remove("clean_room/refused/04_date_of_birth")
FOLDERS = {path.name for path in sql.FOLDER.iterdir() if path.is_dir() and not path.name.startswith("__")}


def attackers_own(name: str) -> dict[str, list[SchemaField]]:
    """A table of the attackers' own."""
    _, columns = OWN_TABLES[name]
    return {name: [SchemaField(column, kind) for column, kind in columns.items()]}


KINDS = {
    "INTEGER": TypeKind.TYPE_INT64,
    "FLOAT": TypeKind.TYPE_DOUBLE,
    "FLOAT64": TypeKind.TYPE_DOUBLE,
    "STRING": TypeKind.TYPE_STRING,
    "BOOLEAN": TypeKind.TYPE_BOOL,
    "DATE": TypeKind.TYPE_DATE,
    "TIMESTAMP": TypeKind.TYPE_TIMESTAMP,
    "GEOGRAPHY": TypeKind.TYPE_GEOGRAPHY,
}
PARAMETERS = {
    "first_date": "DATE",
    "last_date": "DATE",
    "target_date": "DATE",
    "match_rate": "FLOAT64",
    "wallet_payment_rate": "FLOAT64",
    "wallet_only_rate": "FLOAT64",
    "identity_noise": "FLOAT64",
    "source_time": "TIMESTAMP",
    "seed": "STRING",
    "scale": "INTEGER",
    "days": "INTEGER",
    "names_per_user": "INTEGER",
    "victim": "STRING",
    "question": "STRING",
    "groups": "STRING",
    "value": "STRING",
}
STRINGS = Type(type_kind=TypeKind.TYPE_ARRAY, array_type=ArrayType(element_type=Type(type_kind=TypeKind.TYPE_STRING)))
INTEGERS = Type(type_kind=TypeKind.TYPE_ARRAY, array_type=ArrayType(element_type=Type(type_kind=TypeKind.TYPE_INT64)))
ARRAYS = {
    **dict.fromkeys(["first_names", "last_names", "domains", "kinds", "phone_kinds"], STRINGS),
    **dict.fromkeys(["first_name_weights", "last_name_weights"], INTEGERS),
}
MERCHANT = thelook.SCHEMAS | {"users": [*thelook.SCHEMAS["users"], SchemaField("user_geom", "GEOGRAPHY")]}
SALT = {"clean_room_salt": [SchemaField("salt", "STRING"), SchemaField("normalizer", "STRING")]}
# The files that make functions, and those that make tables and views.
FUNCTIONS = [
    query.text for folder in ("provider/functions", "identity/normalizers") for query in sql.read_folder(folder)
]
NAME = r"\b\w+_\w+\.\w+\b"
MADE = re.compile(rf"^CREATE OR REPLACE (?:TABLE|VIEW) ({NAME})", re.MULTILINE)
# What BigQuery ML's functions return.
METRICS = ["roc_auc", "accuracy", "precision", "recall", "log_loss"]
LABEL_AND_PROBABILITY = Type(
    type_kind=TypeKind.TYPE_STRUCT,
    struct_type=StructType(
        field=[
            StructField(field_name="label", field_type=Type(type_kind=TypeKind.TYPE_INT64)),
            StructField(field_name="prob", field_type=Type(type_kind=TypeKind.TYPE_DOUBLE)),
        ]
    ),
)
PROBABILITIES = Type(type_kind=TypeKind.TYPE_ARRAY, array_type=ArrayType(element_type=LABEL_AND_PROBABILITY))
# The tables that no file of sql/ makes.
DATASETS = {
    "merchant_provider": MERCHANT | SALT | attackers_own("own_list"),
    "merchant_clean_room": {},
    "ewallet_provider": tables.SCHEMAS | SALT | attackers_own("guessed_emails"),
    "ewallet_clean_room": {},
    "attacked_tables": {"people": [SchemaField(name, "STRING") for name in ("person", "secret")]},
    "attacked_room": {"people": [SchemaField(name, "STRING") for name in ("person", "secret")]},
    "attacker_tables": {"own_list": [SchemaField(name, kind) for name, kind in attacks.LIST_COLUMNS.items()]},
    "merchant_templates": {},
    "ewallet_templates": {},
    tables.WORKING: {},
    MODEL: {},
}


def make_table(name: str, schema: list[SchemaField]) -> SimpleTable:
    """A table as the catalog knows it."""
    table = TableBuilder(name)
    for field in schema:
        table.add_column(field.name, KINDS[field.field_type])
    return table.build()


def make_ml() -> SimpleCatalog:
    """BigQuery ML's functions as the catalog knows them, with the columns that our queries read of what they return.

    ZetaSQL resolves the model and the query that they are given. It cannot be told that ML.PREDICT returns the query's
    columns, because that is for functions whose first argument is a table; nor does it compare them with the model's.
    """
    evaluate = TVFBuilder("EVALUATE").set_output_schema([(name, TypeKind.TYPE_DOUBLE) for name in METRICS])
    predict = TVFBuilder("PREDICT").set_output_schema(
        [("person", TypeKind.TYPE_STRING), ("predicted_has_higher_tier_probs", PROBABILITIES)]
    )
    catalog = CatalogBuilder("ML").build()
    for builder in (evaluate, predict):
        function = builder.add_table_argument("query").build()
        function.signature.argument.insert(0, FunctionArgumentType(kind=SignatureArgumentKind.ARG_TYPE_MODEL))
        for each in (*function.signature.argument, function.signature.return_type):
            each.num_occurrences = 1
        catalog.custom_tvf.append(function)
    return catalog


@pytest.fixture(scope="module")
def analyze() -> Callable[[str], object]:
    """Analyze a statement as BigQuery would; raises ZetaSQLError where BigQuery would refuse it."""
    service = analysis_rules.start()
    language = dialect.language()
    functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
    catalog = CatalogBuilder("project").with_builtin_functions(functions)
    for name, schema in MERCHANT.items():
        # ZetaSQL takes a name in backticks as one, dots and all.
        catalog.add_table(make_table(f"{tables.SOURCE}.{name}", schema))
    catalog = catalog.build()
    for dataset, schemas in DATASETS.items():
        builder = CatalogBuilder(dataset)
        for name, schema in schemas.items():
            builder.add_table(make_table(name, schema))
        built = builder.build()
        if dataset == MODEL:
            built.model.append(SimpleModel(id=1, name="higher_tier"))
        catalog.catalog.append(built)
    catalog.catalog.append(make_ml())
    options = AnalyzerOptions(
        language_options=language,
        query_parameters=[
            AnalyzerOptions.QueryParameter(name=name, type=Type(type_kind=KINDS[kind]))
            for name, kind in PARAMETERS.items()
        ]
        + [AnalyzerOptions.QueryParameter(name=name, type=kind) for name, kind in ARRAYS.items()],
    )

    # The engine gets the catalog once for each step, and each file is analyzed once: both take most of the time.
    analyzed: dict[str, object] = {}

    def analyze(text: str, catalog_id: int) -> object:
        if text not in analyzed:
            response = service.analyze(sql_statement=text, options=options, registered_catalog_id=catalog_id)
            analyzed[text] = response.resolved_statement
        return analyzed[text]

    def analyze_all(texts: Iterable[str]) -> list:
        catalog_id = service.register_catalog(simple_catalog=catalog).registered_id
        return [analyze(text, catalog_id) for text in texts]

    datasets = {each.name: each for each in catalog.catalog}
    datasets[tables.WORKING].custom_function += [engines.as_function(created) for created in analyze_all(FUNCTIONS)]
    kept = {f"{dataset}.{table}" for dataset, schemas in DATASETS.items() for table in schemas}
    made = [match for file in FILES if (match := MADE.search(sql.read(file).text)) and match[1] not in kept]
    texts = {match[1]: match.string for match in made}
    # What a file reads, another one may make.
    order = TopologicalSorter({name: {*re.findall(NAME, text)} & texts.keys() - {name} for name, text in texts.items()})
    order.prepare()
    while order.is_active():
        ready = order.get_ready()
        for created in analyze_all(texts[name] for name in ready):
            table = TableBuilder(created.name_path[-1])
            for column in created.output_column_list:
                table.add_column(column.name, column.column.type.type_kind)
            datasets[created.name_path[0]].table.append(table.build())
        order.done(*ready)
    for created in analyze_all(template.text for template in sql.read_questions("template")):
        function = engine.in_catalog(created, created.name_path[1])
        datasets[created.name_path[0]].custom_tvf.append(function)
    return partial(analyze, catalog_id=service.register_catalog(simple_catalog=catalog).registered_id)


def test_the_files_of_every_folder_are_found() -> None:
    assert {Path(file).parts[0] for file in FILES if "/" in file} == FOLDERS
    assert {"checks", "snapshot", "questions"} <= FOLDERS


def test_no_file_has_more_than_100_lines() -> None:
    assert [file for file in FILES if sql.read(file).text.count("\n") > 100] == []


def test_the_rules_of_emails_stand_in_one_file_of_each_party() -> None:
    files = [file for file in FILES if "WHEN 'uid2' THEN" in sql.read(file).text]
    assert files == ["clean_room/keys/merchant", "clean_room/keys/provider"]


@pytest.mark.parametrize("file", FILES)
def test_bigquery_understands(file: str, analyze: Callable) -> None:
    analyze(sql.read(file).text)


# The test can fail: one statement for each kind of thing that the embedded BigQuery takes and the real one refuses.

REFUSED = {
    "an unknown column": ("SELECT no_such_column FROM merchant_provider.orders", "Unrecognized name"),
    "an unknown function": ("SELECT STRFTIME(created_at, '%Y') FROM merchant_provider.orders", "Function not found"),
    "an unknown parameter": ("SELECT @no_such_parameter", "parameter 'no_such_parameter' not found"),
    "a column of the other party": ("SELECT account_tier FROM merchant_provider.users", "Unrecognized name"),
    "a name that two tables have": (
        "SELECT status FROM merchant_provider.orders AS o JOIN merchant_provider.order_items AS i USING (order_id)",
        "ambiguous",
    ),
    "a time compared with a date": (
        "SELECT 1 FROM merchant_provider.orders WHERE created_at = @target_date",
        "No matching signature",
    ),
    "an ungrouped column": (
        "SELECT user_id, status, COUNT(*) FROM merchant_provider.orders GROUP BY user_id",
        "neither grouped nor aggregated",
    ),
    "distinct places on the map": ("SELECT DISTINCT * FROM merchant_provider.users", "GEOGRAPHY"),
    "a window over equal amounts": (
        "SELECT COUNT(*) OVER (PARTITION BY transaction_amount) FROM ewallet_provider.transactions",
        "not allowed",
    ),
    "QUALIFY without a window": ("SELECT 1 FROM merchant_provider.orders QUALIFY order_id = 1", "QUALIFY"),
    "an aggregate with FILTER": (
        "SELECT COUNT(*) FILTER (WHERE age > 18) FROM merchant_provider.users",
        "Syntax error",
    ),
    "a name that is a keyword": (
        "WITH groups AS (SELECT 1 AS one) SELECT one FROM groups",
        "Unexpected keyword GROUPS",
    ),
    "an unknown model": (
        "SELECT * FROM ML.EVALUATE(MODEL ewallet_model.no_such_model, (SELECT 1 AS age))",
        "Model not found",
    ),
    "two statements": ("SELECT 1; SELECT 2", "Syntax error"),
}


@pytest.mark.parametrize(("statement", "reason"), REFUSED.values(), ids=REFUSED)
def test_bigquery_refuses(statement: str, reason: str, analyze: Callable) -> None:
    with pytest.raises(ZetaSQLError, match=reason):
        analyze(statement)


# What sorts or numbers few rows, and how many those are.
FEW_ROWS = {
    "questions/2_customer_segmentation/call": (["ORDER BY"], "one row per tier"),
    "questions/3_trust_and_fraud/call": (["ORDER BY"], "two rows"),
    "questions/2_customer_segmentation/subscriber": (["ORDER BY"], "one row per tier"),
    "questions/2_customer_segmentation/subscriber_private": (["ORDER BY"], "one row per tier"),
    "questions/3_trust_and_fraud/subscriber": (["ORDER BY"], "two rows"),
    "identity/measures": (["ORDER BY"], "eight rows"),
    "advice/rehearsable_days": (["a window", "a window"], "one row per day"),
    "questions/1_transaction_verification/chart": (["a window", "ORDER BY"], "one row per status"),
    "questions/2_customer_segmentation/chart": (["ORDER BY"], "one row per tier"),
    "questions/3_trust_and_fraud/chart": (["ORDER BY"], "two rows, and perhaps a third"),
    "questions/4_user_enrichment/chart": (["ORDER BY"], "one row per country and age group"),
    "advice/thin_answers": (["ORDER BY"], "two rows at most"),
    "questions/2_customer_segmentation/open": (["ORDER BY"], "one row per tier"),
    "questions/3_trust_and_fraud/open": (["ORDER BY"], "two rows"),
}


def find_unscalable(statement: object) -> list[str]:
    """Find what one machine would have to do for all rows: windows over all of them, but over groups; and sorting."""
    found = []

    class Finder(ResolvedNodeVisitor):
        def default_visit(self, node: object) -> None:
            if isinstance(node, ResolvedOrderByScan) and id(node) not in limited:
                found.append("ORDER BY")
            if isinstance(node, ResolvedLimitOffsetScan):
                limited.add(id(node.input_scan))
            if isinstance(node, ResolvedAnalyticScan) and not isinstance(node.input_scan, ResolvedAggregateScan):
                found.extend("a window" for group in node.function_group_list if not group.partition_by)
            self.descend(node)

    limited: set[int] = set()
    Finder().visit(statement)
    return found


@pytest.mark.parametrize("file", FILES)
def test_no_statement_sorts_or_numbers_all_rows_on_one_machine(file: str, analyze: Callable) -> None:
    expected, _ = FEW_ROWS.get(file, ([], ""))
    assert find_unscalable(analyze(sql.read(file).text)) == expected


@pytest.mark.parametrize(
    ("statement", "unscalable"),
    [
        ("SELECT ROW_NUMBER() OVER (ORDER BY id) FROM merchant_provider.users", ["a window"]),
        ("SELECT ROW_NUMBER() OVER (PARTITION BY city ORDER BY id) FROM merchant_provider.users", []),
        ("SELECT SUM(COUNT(*)) OVER (ORDER BY city) FROM merchant_provider.users GROUP BY city", []),
        ("SELECT id FROM merchant_provider.users ORDER BY id", ["ORDER BY"]),
        ("SELECT id FROM merchant_provider.users ORDER BY id LIMIT 5", []),
    ],
)
def test_what_one_machine_would_do_is_found(statement: str, unscalable: list[str], analyze: Callable) -> None:
    assert find_unscalable(analyze(statement)) == unscalable


def find_correlated(statement: object) -> list[str]:
    """Find subqueries about the row outside that stand inside of an aggregate, or are a group key."""
    found = []

    class Finder(ResolvedNodeVisitor):
        def default_visit(self, node: object) -> None:
            if isinstance(node, ResolvedAggregateScan):
                parts = [*node.group_by_list, *node.aggregate_list]
                found.extend("a subquery" for part in parts if is_correlated(part.expr))
            self.descend(node)

    Finder().visit(statement)
    return found


def nodes_in(expression: object) -> list[object]:
    """An expression and what it is made of."""
    nodes = []

    class Finder(ResolvedNodeVisitor):
        def default_visit(self, node: object) -> None:
            nodes.append(node)
            self.descend(node)

    Finder().visit(expression)
    return nodes


def is_correlated(expression: object) -> bool:
    """Whether an expression has a subquery about the row outside."""
    return any(isinstance(node, ResolvedSubqueryExpr) and node.parameter_list for node in nodes_in(expression))


CHECKS = [file for file in FILES if file.startswith("checks/")]


@pytest.mark.parametrize("file", CHECKS)
def test_no_check_has_a_correlated_subquery_in_an_aggregate_or_a_group_key(file: str, analyze: Callable) -> None:
    assert find_correlated(analyze(sql.read(file).text)) == []


PAID = "EXISTS (SELECT 1 FROM merchant_provider.order_items AS i WHERE i.order_id = o.order_id)"


@pytest.mark.parametrize(
    ("statement", "correlated"),
    [
        (f"SELECT COUNTIF({PAID}) FROM merchant_provider.orders AS o", True),
        (f"SELECT COUNTIF(NOT {PAID}) FROM merchant_provider.orders AS o", True),
        (f"SELECT {PAID} AS is_paid, COUNT(*) FROM merchant_provider.orders AS o GROUP BY is_paid", True),
        (f"SELECT COUNTIF(p) FROM (SELECT {PAID} AS p FROM merchant_provider.orders AS o)", False),
        ("SELECT COUNTIF(EXISTS (SELECT 1 FROM merchant_provider.users)) FROM merchant_provider.orders", False),
        (f"SELECT COUNT(*) FROM merchant_provider.orders AS o WHERE {PAID}", False),
    ],
)
def test_a_correlated_subquery_in_an_aggregate_is_found(statement: str, correlated: bool, analyze: Callable) -> None:
    assert bool(find_correlated(analyze(statement))) is correlated


def test_no_statement_puts_rows_into_an_array() -> None:
    assert [file for file in FILES if "ARRAY_AGG" in sql.read(file).text] == []


def test_every_read_of_the_source_is_at_one_instant() -> None:
    reads = re.compile(rf"(FROM|JOIN) `{re.escape(tables.SOURCE)}\.\w+`( AS \w+)?(?P<time>[^\n]*)")
    for file in FILES:
        for read in reads.finditer(sql.read(file).text):
            assert read["time"] == " FOR SYSTEM_TIME AS OF @source_time", file


def test_nothing_rests_on_the_text_of_a_row_with_geography() -> None:
    for file in FILES:
        text = sql.read(file).text
        for name in re.findall(r"TO_JSON_STRING\((\w+)\)", text):
            assert not re.search(rf"users`? AS {name}\b", text), file
