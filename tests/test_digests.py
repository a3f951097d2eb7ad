"""The values of all tables of four runs, as digests: whoever changes a value says so by changing a digest here.

A digest does not depend on the order of the rows. DuckDB computes it from the data directory, after the run has ended.
To see the digests of today's program: `uv run python -m tests.test_digests`.
"""

import sys
import tempfile
from pathlib import Path

import duckdb
import pytest

from tests.support import emulator
from tests.support.exports import THELOOK

DATA = ("merchant_provider", "ewallet_provider")
RUNS = {
    "default": (),
    "bigquery": ("--engine", "bigquery"),
    "noise": ("--identity-noise", "0.18"),
    "thelook": ("--source", str(THELOOK), "--target-date", "2025-11-22", "--days", "600"),
}
DIGESTS = {
    "default": {
        "ewallet_provider.provider_users": (678, "2867386abd3f7bdd"),
        "ewallet_provider.transactions": (443, "8d43b23e1d2cafae"),
        "merchant_provider.order_items": (1648, "87d49c3243334b81"),
        "merchant_provider.orders": (1104, "6335215a7323b03b"),
        "merchant_provider.users": (1087, "1673a515d1002551"),
    },
    "bigquery": {
        "ewallet_provider.provider_users": (678, "2867386abd3f7bdd"),
        "ewallet_provider.transactions": (443, "8d43b23e1d2cafae"),
        "merchant_provider.order_items": (1648, "87d49c3243334b81"),
        "merchant_provider.orders": (1104, "6335215a7323b03b"),
        "merchant_provider.users": (1087, "1673a515d1002551"),
    },
    "noise": {
        "ewallet_provider.identity_keys": (678, "e985c83ede73fbf9"),
        "ewallet_provider.identity_truth": (678, "b5f982f9719876bd"),
        "ewallet_provider.provider_users": (678, "e3e752a3493a8dd7"),
        "ewallet_provider.transactions": (443, "8d43b23e1d2cafae"),
        "merchant_provider.identity_keys": (1087, "eae917484a82702a"),
        "merchant_provider.order_items": (1648, "87d49c3243334b81"),
        "merchant_provider.orders": (1104, "6335215a7323b03b"),
        "merchant_provider.users": (1087, "1673a515d1002551"),
    },
    "thelook": {
        "ewallet_provider.provider_users": (202, "1355d85d1944e5c1"),
        "ewallet_provider.transactions": (142, "8635e9b45e449ede"),
        "merchant_provider.order_items": (507, "4a2dc3f40e0c4581"),
        "merchant_provider.orders": (495, "9d7893fa4e726e62"),
        "merchant_provider.users": (325, "53661c8bc51dc2be"),
    },
}


def digests(directory: Path) -> dict[str, tuple[int, str]]:
    """The number of rows and the digest of each table of both parties."""
    with duckdb.connect(directory / "bqemulator.duckdb", read_only=True) as database:
        tables = database.sql(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema LIKE 'dcr-demo\\_\\_%' ESCAPE '\\' ORDER BY ALL"
        ).fetchall()
        return {
            f"{schema.removeprefix('dcr-demo__')}.{table}": database.sql(
                "SELECT COUNT(*), LEFT(MD5(STRING_AGG(row, '' ORDER BY row)), 16) "
                f'FROM (SELECT MD5(each::VARCHAR) AS row FROM "{schema}"."{table}" AS each)'
            ).fetchone()
            for schema, table in tables
        }


def run(name: str, directory: Path) -> dict[str, tuple[int, str]]:
    """Carry out a run in a new data directory."""
    flags = (*RUNS[name], "--embedded-dir", str(directory), "--skip-checks", "--no-report")
    status, _, err = emulator.run_here(*flags)
    assert (status, err) == (0, "")
    return digests(directory)


def test_the_tables_of_the_default_run_have_the_values_of_before(filled: Path) -> None:
    assert digests(filled) == DIGESTS["default"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RUNS if name != "default"])
def test_the_tables_of_other_runs_have_the_values_of_before(name: str, tmp_path: Path) -> None:
    if name == "thelook" and not THELOOK.exists():
        pytest.skip("the extract of thelook is not beside this checkout")
    assert run(name, tmp_path / "data") == DIGESTS[name]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for each in sys.argv[1:] or RUNS:
            print(f'    "{each}": {{')
            for table, digest in run(each, Path(folder) / each).items():
                print(f'        "{table}": {digest},'.replace("'", '"'))
            print("    },")
