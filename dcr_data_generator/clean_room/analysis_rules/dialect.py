"""BigQuery's dialect of ZetaSQL: which of its language features BigQuery has."""

from pathlib import Path

from zetasql.types import LanguageFeature, LanguageOptions, ProductMode

# Words that ZetaSQL lets a language reserve, and BigQuery does: "Lexical structure and syntax", reserved keywords.
RESERVED = ("QUALIFY",)
FEATURES = Path(__file__).with_suffix(".txt")


def language() -> LanguageOptions:
    """BigQuery's language, as near as ZetaSQL gets."""
    options = LanguageOptions.maximum_features()
    options.product_mode = ProductMode.PRODUCT_EXTERNAL
    features = set(options.enabled_language_features)
    for line in FEATURES.read_text(encoding="utf-8").splitlines():
        sign, name = line.split(maxsplit=1)
        if sign == "+":
            features.add(LanguageFeature[f"FEATURE_{name}"])
        elif sign == "-":
            features.discard(LanguageFeature[f"FEATURE_{name}"])
    options.enabled_language_features = sorted(features)
    options.reserved_keywords = [*RESERVED]
    return options
