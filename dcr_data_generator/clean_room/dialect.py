"""BigQuery's dialect of ZetaSQL: which of its language features BigQuery has."""

from zetasql.types import LanguageFeature, LanguageOptions, ProductMode

# What ZetaSQL has and BigQuery's documentation does not: what parsed with these would fail on Google Cloud.
BEYOND_BIGQUERY = [
    "AGGREGATE_FILTERING",
    "ARRAY_EQUALITY",
    "ARRAY_FIND_FUNCTIONS",
    "ARRAY_GREATEST_LEAST",
    "ARRAY_ORDERING",
    "BARE_ARRAY_ACCESS",
    "BRACED_PROTO_CONSTRUCTORS",
    "DOT_PRODUCT",
    "EXPERIMENTAL_MODULES",
    "EXTENDED_TYPES",
    "FIRST_AND_LAST_N",
    "FOR_UPDATE",
    "INLINE_LAMBDA_ARGUMENT",
    "INSERT_ON_CONFLICT_CLAUSE",
    "JSON_TYPE_COMPARISON",
    "L1_NORM",
    "L2_NORM",
    "LATERAL_JOIN",
    "LIMIT_OFFSET_EXPRESSIONS",
    "MANHATTAN_DISTANCE",
    "MULTILEVEL_AGGREGATION",
    "MULTIWAY_UNNEST",
    "NULLIFZERO_ZEROIFNULL",
    "PIPE_CREATE_TABLE",
    "PIPE_DESCRIBE",
    "PIPE_EXPORT_DATA",
    "PIPE_FORK",
    "PIPE_IF",
    "PIPE_INSERT",
    "PIPE_TEE",
    "PROTO_DEFAULT_IF_NULL",
    "TIMESTAMP_NANOS",
    "TIMESTAMP_PICOS",
    "UUID_TYPE",
]
# What BigQuery has and ZetaSQL counts among the things to ask for.
OF_BIGQUERY = [
    "ANONYMIZATION",
    "CREATE_TABLE_CLONE",
    "CREATE_VIEWS_WITH_COLUMN_OPTIONS",
    "DIFFERENTIAL_PRIVACY",
    "DIFFERENTIAL_PRIVACY_MIN_PRIVACY_UNITS_PER_GROUP",
    "DIFFERENTIAL_PRIVACY_THRESHOLDING",
]


def language() -> LanguageOptions:
    """BigQuery's language, as near as ZetaSQL gets."""
    options = LanguageOptions.maximum_features()
    options.product_mode = ProductMode.PRODUCT_EXTERNAL
    options.enabled_language_features = sorted(
        set(options.enabled_language_features) - features(BEYOND_BIGQUERY) | features(OF_BIGQUERY)
    )
    return options


def features(names: list[str]) -> set[LanguageFeature]:
    """Language features by name; an unknown name is an error."""
    return {LanguageFeature[f"FEATURE_{name}"] for name in names}
