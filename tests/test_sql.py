"""The package's SQL is BigQuery's: every file is analyzed by ZetaSQL, the analyzer from which BigQuery's SQL is made.

The embedded BigQuery is lax: it takes names, types and syntax that the real one refuses. ZetaSQL is strict, and tells
from the schemas alone whether a statement means anything.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from google.cloud.bigquery import SchemaField
from zetasql.api import (
    Analyzer,
    CatalogBuilder,
    FunctionBuilder,
    ResolvedNodeVisitor,
    SignatureBuilder,
    TableBuilder,
    TVFBuilder,
)
from zetasql.core.exceptions import ZetaSQLError
from zetasql.types import (
    AnalyzerOptions,
    ArrayType,
    Function,
    FunctionArgumentType,
    ResolvedAggregateScan,
    ResolvedAnalyticScan,
    ResolvedLimitOffsetScan,
    ResolvedOrderByScan,
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
from dcr_data_generator.embedded import thelook
from dcr_data_generator.tables import MODEL

# Each process that uses ZetaSQL has to load its 28 MB of WebAssembly: one worker does it for all these tests.
# The clean room's files query its views, not the five tables: their own tests analyze them.
FILES = sorted(path.relative_to(sql.FOLDER).with_suffix("").as_posix() for path in sql.FOLDER.rglob("*.sql"))
# It asks for a column that is not shared, and must be refused.
FILES.remove("clean_room/refused/date_of_birth")
FOLDERS = {path.name for path in sql.FOLDER.iterdir() if path.is_dir() and not path.name.startswith("__")}

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
    "victim": "STRING",
}
STRINGS = Type(type_kind=TypeKind.TYPE_ARRAY, array_type=ArrayType(element_type=Type(type_kind=TypeKind.TYPE_STRING)))
ARRAYS = ["first_names", "last_names", "domains", "kinds"]
MERCHANT = thelook.SCHEMAS | {"users": [*thelook.SCHEMAS["users"], SchemaField("user_geom", "GEOGRAPHY")]}
SALT = {"clean_room_salt": [SchemaField("salt", "STRING"), SchemaField("normalizer", "STRING")]}
HASHED_EMAIL, TIER = SchemaField("hashed_email", "STRING"), SchemaField("account_tier", "STRING")
AMOUNT = SchemaField("transaction_amount", "FLOAT64")
# What step 2 makes on the way inside BigQuery.
PERSON = [SchemaField("person", "STRING"), SchemaField("email", "STRING"), SchemaField("city", "STRING")]
AGE, KEY = SchemaField("age", "INTEGER"), SchemaField("key", "INTEGER")
PROVIDER_USER_ID = SchemaField("provider_user_id", "INTEGER")
DRAWS = [SchemaField(f"{name}_draw", "INTEGER") for name in ("birthday", "age", "city", "tier", "verified")]
WORKING_TABLES = {
    "customers": [*PERSON, AGE, KEY, SchemaField("wallet_draw", "INTEGER")],
    "holders": [*PERSON, AGE, KEY],
    "wallet_only": [SchemaField("email", "STRING"), KEY],
    "people": [PROVIDER_USER_ID, *PERSON, AGE, SchemaField("is_wallet_only", "BOOLEAN"), *DRAWS],
    "orders": [
        *(field for field in tables.SNAPSHOT_COLUMNS["orders"] if field.name != "user_id"),
        PROVIDER_USER_ID,
        SchemaField("has_items", "BOOLEAN"),
        SchemaField("cents", "INTEGER"),
    ],
    "identities": [
        *PERSON[:2],
        SchemaField("country", "STRING"),
        PROVIDER_USER_ID,
        SchemaField("wallet_email", "STRING"),
        SchemaField("noise_draw", "INTEGER"),
        SchemaField("phone_draw", "INTEGER"),
    ],
    "phones": [
        *PERSON[:2],
        PROVIDER_USER_ID,
        SchemaField("wallet_email", "STRING"),
        SchemaField("noise_draw", "INTEGER"),
        SchemaField("phone", "STRING"),
    ],
}
IDENTITY_KEYS = [SchemaField("email", "STRING"), SchemaField("phone", "STRING")]
IDENTITY_TRUTH = [
    PROVIDER_USER_ID,
    *(SchemaField(name, "STRING") for name in ("customer_email", "kind", "email", "true_phone", "phone")),
]
WORKING_FUNCTIONS = {
    "salt": ["STRING", "STRING"],
    "scramble": ["INTEGER", "INTEGER"],
    "draw_1": ["INTEGER", "INTEGER"],
    "draw_2": ["INTEGER"],
    "draw_3": ["INTEGER"],
    "draw_4": ["INTEGER"],
}
NORMALIZERS = ["as_is", "lower_trim", "uid2", "customer_match", "e164"]
FEATURES = ["log_average_order_value", "items_per_order", "refund_rate", "number_of_orders", "age"]
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
DATASETS = {
    MODEL: {
        "features": [
            SchemaField("person", "STRING"),
            SchemaField("is_held_back", "BOOLEAN"),
            *(SchemaField(name, "FLOAT64") for name in FEATURES[:3]),
            *(SchemaField(name, "INTEGER") for name in FEATURES[3:]),
        ]
    },
    tables.WORKING: WORKING_TABLES,
    "merchant_provider": MERCHANT
    | SALT
    | {
        "clean_room_keys": [SchemaField("user_id", "INTEGER"), HASHED_EMAIL],
        "identity_keys": [SchemaField("user_id", "INTEGER"), *IDENTITY_KEYS],
    },
    "ewallet_provider": tables.SCHEMAS
    | SALT
    | {
        "clean_room_keys": [PROVIDER_USER_ID, HASHED_EMAIL],
        "guessed_emails": [SchemaField("email", "STRING")],
        "identity_keys": [PROVIDER_USER_ID, *IDENTITY_KEYS],
        "identity_truth": IDENTITY_TRUTH,
    },
    "merchant_clean_room": {
        "customers": [
            HASHED_EMAIL,
            SchemaField("age", "INTEGER"),
            SchemaField("gender", "STRING"),
            SchemaField("country", "STRING"),
        ],
        "customers_counted": [HASHED_EMAIL],
    },
    "ewallet_clean_room": {
        "wallet_orders": [SchemaField("order_id", "INTEGER"), SchemaField("transaction_id", "STRING"), AMOUNT],
        "wallet_customers": [HASHED_EMAIL, TIER, SchemaField("is_verified_user", "BOOLEAN")],
        "wallet_customers_private": [HASHED_EMAIL, TIER, SchemaField("is_verified_user", "BOOLEAN")],
        "wallet_spend": [HASHED_EMAIL, TIER, AMOUNT],
        "wallet_spend_private": [HASHED_EMAIL, TIER, AMOUNT],
    },
}


def make_table(name: str, schema: list[SchemaField]) -> SimpleTable:
    """A table as the catalog knows it."""
    table = TableBuilder(name)
    for field in schema:
        table.add_column(field.name, KINDS[field.field_type])
    return table.build()


def make_function(name: str, arguments: list[str], returned: str = "INTEGER") -> Function:
    """A function as the catalog knows it."""
    signature = SignatureBuilder().set_return_type(KINDS[returned])
    for kind in arguments:
        signature.add_argument(KINDS[kind])
    built = signature.build()
    for each in (*built.argument, built.return_type):
        each.num_occurrences = 1  # the package leaves it out, and ZetaSQL insists on it
    return FunctionBuilder(name).add_signature(built).build()


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
        if dataset == tables.WORKING:
            for name, arguments in WORKING_FUNCTIONS.items():
                builder.add_function(make_function(name, arguments))
            for name in NORMALIZERS:
                builder.add_function(make_function(name, ["STRING"], "STRING"))
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
        + [AnalyzerOptions.QueryParameter(name=name, type=STRINGS) for name in ARRAYS],
    )
    analyze = Analyzer(options, catalog).analyze_statement
    for template in sql.read_folder("clean_room/templates"):
        created = analyze(template.text)
        [dataset] = [each for each in catalog.catalog if each.name == created.name_path[0]]
        dataset.custom_tvf.append(engine.in_catalog(created, created.name_path[1]))
    # Sent to the engine once, and each file analyzed once: both take most of the time.
    catalog_id = service.register_catalog(simple_catalog=catalog).registered_id
    return cache(
        lambda text: (
            service.analyze(sql_statement=text, options=options, registered_catalog_id=catalog_id).resolved_statement
        )
    )


def test_the_files_of_every_folder_are_found() -> None:
    assert {Path(file).parts[0] for file in FILES if "/" in file} == FOLDERS
    assert {"checks", "snapshot", "use_cases"} <= FOLDERS


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
    "clean_room/calls/2_customer_segmentation": (["ORDER BY"], "one row per tier"),
    "clean_room/calls/3_trust_and_fraud": (["ORDER BY"], "two rows"),
    "clean_room/queries/2_customer_segmentation": (["ORDER BY"], "one row per tier"),
    "clean_room/queries/2_customer_segmentation_private": (["ORDER BY"], "one row per tier"),
    "clean_room/queries/3_trust_and_fraud": (["ORDER BY"], "two rows"),
    "identity/measures": (["ORDER BY"], "eight rows"),
    "rehearsable_days": (["a window", "a window"], "one row per day"),
    "report/1_transaction_verification": (["a window", "ORDER BY"], "one row per status"),
    "report/2_customer_segmentation": (["ORDER BY"], "one row per tier"),
    "report/3_trust_and_fraud": (["ORDER BY"], "two rows, and perhaps a third"),
    "report/4_user_enrichment": (["ORDER BY"], "one row per country and age group"),
    "thin_answers": (["ORDER BY"], "two rows at most"),
    "use_cases/2_customer_segmentation": (["ORDER BY"], "one row per tier"),
    "use_cases/3_trust_and_fraud": (["ORDER BY"], "two rows"),
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


@pytest.mark.parametrize("file", FILES)
def test_no_statement_puts_rows_into_an_array(file: str) -> None:
    assert "ARRAY_AGG" not in sql.read(file).text


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
