# /// script
# dependencies = ["google-cloud-bigquery"]
# ///
"""DB-API of google-cloud-bigquery: PEP 249's examples.

Setting: `dbapi.connect(client, prefer_bqstorage_client=False)`.
"""

from google.cloud.bigquery import dbapi
from steps import connect, run

connection = dbapi.connect(connect(), prefer_bqstorage_client=False)


def fetch() -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT order_id, status FROM merchant_provider.orders ORDER BY order_id LIMIT 5")
    assert [each.name for each in cursor.description] == ["order_id", "status"]
    assert cursor.rowcount == 5 == len([cursor.fetchone(), *cursor.fetchmany(2), *cursor.fetchall()])


def parameters() -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT %(word)s AS word, %(number)s AS number", {"word": "x", "number": 2.5})
    assert tuple(cursor.fetchone()) == ("x", 2.5)
    cursor.execute("SELECT %s + %s AS x", (1, 2))
    assert tuple(cursor.fetchone()) == (3,)


def errors() -> None:
    try:
        connection.cursor().execute("SELECT statis FROM merchant_provider.orders")
        message = ""
    except dbapi.DatabaseError as error:
        message = str(error)
    assert "statis" in message


run(fetch, parameters, errors)
