# /// script
# dependencies = ["sqlalchemy-bigquery", "pandas"]
# ///
"""SQLAlchemy (sqlalchemy-bigquery): reflection, statements, the ORM, and pandas' `read_sql` and `to_sql`.

Setting: `user_supplied_client=True` in the URL, and `connect_args={"client": client}`.
"""

import datetime

import pandas as pd
from google.cloud import bigquery
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, func, inspect, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from steps import PROJECT, connect, run

client = connect()
client.default_query_job_config = bigquery.QueryJobConfig(default_dataset=f"{PROJECT}.merchant_provider")
engine = create_engine(
    f"bigquery://{PROJECT}/merchant_provider?user_supplied_client=True", connect_args={"client": client}
)


def text_of_ones_own() -> None:
    with engine.connect() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM orders WHERE status = :s"), {"s": "Complete"}).scalar() > 0


def reflection() -> None:
    assert "orders" in inspect(engine).get_table_names("merchant_provider")
    orders = Table("orders", MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        counts = connection.execute(select(orders.c.status, func.count()).group_by(orders.c.status)).fetchall()
        assert (
            sum(number for _, number in counts) == connection.execute(select(func.count()).select_from(orders)).scalar()
        )


def statements() -> None:
    client.create_dataset("alchemy", exists_ok=True)
    table = Table("things", MetaData(), Column("id", Integer), Column("name", String), schema="alchemy")
    table.drop(engine, checkfirst=True)
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"id": 1, "name": "a"}, {"id": 2, "name": None}])
        connection.execute(table.update().where(table.c.id == 2).values(name="it's"))
        connection.execute(table.delete().where(table.c.id == 1))
        assert connection.execute(select(table)).fetchall() == [(2, "it's")]
    table.drop(engine)


def orm() -> None:
    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[str]
        created_at: Mapped[datetime.datetime]

    with Session(engine) as session:
        user = session.scalars(select(User).order_by(User.id).limit(1)).one()
        assert "@" in user.email
        assert session.get(User, user.id) is user


def read_sql() -> None:
    frame = pd.read_sql("SELECT status, COUNT(*) AS n FROM orders GROUP BY status", engine)
    assert frame["n"].sum() > 0
    assert len(pd.read_sql_table("users", engine, schema="merchant_provider")) > 0


def to_sql() -> None:
    frame = pd.DataFrame({"id": [1, 2], "name": ["x", None], "day": pd.to_datetime(["2025-01-01", "2024-02-29"])})
    frame.to_sql("frame", engine, schema="alchemy", if_exists="replace", index=False)
    frame.to_sql("frame", engine, schema="alchemy", if_exists="append", index=False, method="multi")
    assert pd.read_sql("SELECT COUNT(*) AS n, COUNT(name) AS m FROM alchemy.frame", engine).to_numpy().tolist() == [
        [4, 2]
    ]
    client.delete_dataset("alchemy", delete_contents=True)


run(text_of_ones_own, reflection, statements, orm, read_sql, to_sql)
