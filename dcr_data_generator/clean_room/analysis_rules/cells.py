"""The values of Google's SQL engine: read from its messages, written to them, and printed as BigQuery prints them."""

import base64
import json
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from zetasql.wasi._pb2.zetasql.public import type_pb2, value_pb2

EPOCH = date(1970, 1, 1)
FIELDS = {bool: "bool_value", int: "int64_value", float: "double_value", str: "string_value"}


class Json(str):
    """A value of the type JSON: its text."""

    __slots__ = ()


class Interval(NamedTuple):
    """An INTERVAL, whose three parts have signs of their own."""

    months: int
    days: int
    nanoseconds: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        seconds, fraction = divmod(abs(self.nanoseconds), 10**9)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        first, last = ("-" if part < 0 else "" for part in (self.months, self.nanoseconds))
        return f"{first}{years}-{months} {self.days} {last}{hours}:{minutes}:{seconds}{decimals(fraction)}"


class Range(NamedTuple):
    """A RANGE; None is unbounded."""

    start: object
    end: object

    def __str__(self) -> str:
        start, end = ("UNBOUNDED" if value is None else write(value) for value in self)
        return f"[{start}, {end})"


def read_cell(cell: value_pb2.ValueProto, kind: type_pb2.TypeProto | None = None) -> object:
    """Read a value: a struct becomes a dict by the names of its type, or a tuple without it; an array a list."""
    match cell.WhichOneof("value"):
        case None:
            return None
        case "timestamp_value":
            return cell.timestamp_value.ToDatetime(UTC)
        case "date_value":
            return EPOCH + timedelta(days=cell.date_value)
        case "datetime_value":
            bits = cell.datetime_value.bit_field_datetime_seconds
            day = date(bits >> 26, bits >> 22 & 15, bits >> 17 & 31)
            return datetime.combine(day, read_time(bits, cell.datetime_value.nanos))
        case "time_value":
            return read_time(cell.time_value >> 30, cell.time_value & ((1 << 30) - 1))
        case "numeric_value":
            return read_decimal(cell.numeric_value, 9)
        case "bignumeric_value":
            return read_decimal(cell.bignumeric_value, 38)
        case "interval_value":
            return read_interval(cell.interval_value)
        case "json_value":
            return Json(cell.json_value)
        case "range_value":
            return Range(read_cell(cell.range_value.start), read_cell(cell.range_value.end))
        case "array_value":
            element = kind.array_type.element_type if kind else None
            return [read_cell(each, element) for each in cell.array_value.element]
        case "struct_value" if kind:
            fields = enumerate(kind.struct_type.field, start=1)
            names = [(field.field_name or f"_field_{number}", field.field_type) for number, field in fields]
            values = zip(names, cell.struct_value.field, strict=True)
            return {name: read_cell(value, of_field) for (name, of_field), value in values}
        case "struct_value":
            return tuple(read_cell(each) for each in cell.struct_value.field)
        case other:
            return getattr(cell, other)


def read_time(bits: int, nanoseconds: int) -> time:
    """Read a time of day: 5 bits of hours, 6 of minutes and 6 of seconds."""
    return time(bits >> 12 & 31, bits >> 6 & 63, bits & 63, nanoseconds // 1000)


def read_decimal(content: bytes, scale: int) -> Decimal:
    return Decimal(f"{int.from_bytes(content, 'little', signed=True)}e-{scale}")


def read_interval(content: bytes) -> Interval:
    """Read an INTERVAL: 8 bytes of microseconds, 4 of days, and 4 of months with the nanoseconds of the first."""
    microseconds = int.from_bytes(content[:8], "little", signed=True)
    days = int.from_bytes(content[8:12], "little", signed=True)
    bits = int.from_bytes(content[12:16], "little")
    months = bits >> 13 & ((1 << 18) - 1)
    return Interval(-months if bits >> 31 else months, days, microseconds * 1000 + (bits & 1023))


def write_cell(cell: value_pb2.ValueProto, value: object) -> None:
    """Write a value of a table: None, bool, int, float, str, bytes, Decimal, date, datetime and time."""
    match value:
        case None:
            pass
        case datetime() if value.tzinfo:
            cell.timestamp_value.FromDatetime(value)
        case datetime():
            day = value.year << 26 | value.month << 22 | value.day << 17
            cell.datetime_value.bit_field_datetime_seconds = day | time_bits(value.time())
            cell.datetime_value.nanos = value.microsecond * 1000
        case date():
            cell.date_value = (value - EPOCH).days
        case time():
            cell.time_value = time_bits(value) << 30 | value.microsecond * 1000
        case Decimal():
            content = int(value.scaleb(9))
            cell.numeric_value = content.to_bytes(content.bit_length() // 8 + 1, "little", signed=True)
        case bytes():
            cell.bytes_value = value
        case _:
            setattr(cell, FIELDS[type(value)], value)


def time_bits(value: time) -> int:
    return value.hour << 12 | value.minute << 6 | value.second


def write(value: object) -> str:
    """Write a value as BigQuery prints it; arrays and structs as JSON."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case float():
            return write_float(value)
        case Decimal():
            text = f"{value:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime() if value.tzinfo:
            return f"{value:%Y-%m-%d %H:%M:%S}{decimals(value.microsecond * 1000)} UTC"
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%S}{decimals(value.microsecond * 1000)}"
        case time():
            return f"{value:%H:%M:%S}{decimals(value.microsecond * 1000)}"
        case bytes():
            return base64.b64encode(value).decode()
        case list() | dict():
            return json.dumps(as_json(value), ensure_ascii=False, separators=(",", ":"))
    return str(value)


def as_json(value: object) -> Any:  # noqa: ANN401
    """What JSON has for a value: numbers that it can hold, texts for the others."""
    match value:
        case list():
            return [as_json(each) for each in value]
        case dict():
            return {name: as_json(each) for name, each in value.items()}
        case Json():
            return json.loads(value)
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
    return write(value)


def write_float(value: float) -> str:
    """Write a FLOAT64 with as many digits as it takes to read it again."""
    if not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    text = f"{value:.15g}"
    text = text if float(text) == value else f"{value:.17g}"
    return text if set(text) & {".", "e"} else f"{text}.0"


def decimals(nanoseconds: int) -> str:
    """Write the decimals of a second, in groups of three."""
    text = f"{nanoseconds:09}"
    while text.endswith("000"):
        text = text[:-3]
    return f".{text}" if text else ""
