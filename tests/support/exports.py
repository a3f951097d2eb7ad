"""A person's own CSV export of thelook, written for tests."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
THELOOK = ROOT.parent / "shared" / "thelook"

ORDERS_HEADER = "order_id,user_id,status,gender,created_at,returned_at,shipped_at,delivered_at,num_of_item"
ITEMS_HEADER = (
    "id,order_id,user_id,product_id,inventory_item_id,status,created_at,shipped_at,delivered_at,returned_at,sale_price"
)
USERS_HEADER = (
    "id,first_name,last_name,email,age,gender,state,street_address,postal_code,city,country,latitude,longitude,"
    "traffic_source,created_at"
)
ORDER = (
    "11,1,Returned,F,2025-09-12 02:16:00.000000 UTC,2025-09-19 05:00:00.000000 UTC,2025-09-13 03:00:00.500000 UTC,"
    "2025-09-17 04:00:00.000001 UTC,2"
)
OTHER_ORDER = "12,2,Processing,M,2025-09-13 23:59:59.999999 UTC,,,,1"
ITEM = "21,11,1,501,601,Returned,2025-09-12 01:11:58.000000 UTC,,,,24.989999771118164"
USER = (
    "1,Ana,Lima,analima@example.org,49,F,Acre,990 Dillon Mall,69980-000,null,Brasil,-8.065346116,-72.87094866,"
    "Display,2024-10-25 07:09:00.000000 UTC"
)
DEFAULTS = {
    "orders": [ORDERS_HEADER, ORDER, OTHER_ORDER],
    "order_items": [ITEMS_HEADER, ITEM],
    "users": [USERS_HEADER, USER],
}


def write(folder: Path, **files: str | bytes | list[str]) -> Path:
    """Write the three files, given as bytes, as text or as lines; the others are good ones."""
    for name, content in (DEFAULTS | files).items():
        if isinstance(content, list):
            content = "\n".join([*content, ""])
        (folder / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def order(number: int = 11, **values: str) -> str:
    """A line of orders.csv, with other values in some columns."""
    defaults = dict(zip(ORDERS_HEADER.split(","), OTHER_ORDER.split(","), strict=True))
    return ",".join((defaults | {"order_id": str(number)} | values).values())


def item(**values: str) -> str:
    """A line of order_items.csv, with other values in some columns."""
    return ",".join((dict(zip(ITEMS_HEADER.split(","), ITEM.split(","), strict=True)) | values).values())


def user(**values: str) -> str:
    """A line of users.csv, with other values in some columns."""
    return ",".join((dict(zip(USERS_HEADER.split(","), USER.split(","), strict=True)) | values).values())
