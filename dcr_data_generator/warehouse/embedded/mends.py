"""Where the embedded BigQuery's SQL would answer otherwise than BigQuery: it is told what is meant, or refuses.

Each mend takes a part of a statement's syntax tree and returns what stands in its place: mostly a call of a function of
mends.sql. The rest of the way to DuckDB is bqemulator's. tests/embedded/test_calls.py compares both engines, with and
without each mend. Written for bqemulator 1.4.0, sqlglot 30 and DuckDB 1.5.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import sqlglot
from bqemulator.domain.errors import InvalidQueryError
from bqemulator.domain.result import Err, Ok
from bqemulator.sql.translator import SQLTranslator
from sqlglot import Expr, Token, TokenType, exp
from sqlglot.errors import SqlglotError

type Mend = Callable[[Any], Expr | None]

MENDS: dict[type, list[Mend]] = {}
DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
MICROSECONDS = {
    "DAY": 86_400_000_000,
    "HOUR": 3_600_000_000,
    "MINUTE": 60_000_000,
    "SECOND": 1_000_000,
    "MILLISECOND": 1_000,
    "MICROSECOND": 1,
}
LONG = ("WEEK", "MONTH", "QUARTER", "YEAR")
TYPES = exp.DataType.Type
CASTS = {TYPES.BIGINT: "int64", TYPES.BOOLEAN: "bool", TYPES.TEXT: "string"}
ADDED = {("DATE_BUCKET", 2), ("TIMESTAMP_BUCKET", 2), ("DATETIME_BUCKET", 2), ("ARRAY_IS_DISTINCT", 1)}
# What BigQuery has, and neither DuckDB nor bqemulator.
REFUSED = set((Path(__file__).with_name("refused.txt")).read_text(encoding="utf-8").split())
# What strftime does not have: a function of mends.sql, or what it stands for.
TIME_FORMATS = {"%c": "%a %b %e %H:%M:%S %Y", "%R": "%H:%M", "%n": "\n", "%t": "\t", "%-d": "%e"}
TIME_ELEMENT = re.compile(r"%(?:E\*S|E\dS|E4Y|E.|-.|.)|[^%]+", re.DOTALL)
CAST_FORMATS = {
    **{"YYYY": "%Y", "YY": "%y", "MM": "%m", "DDD": "%j", "DD": "%d", "Month": "%B", "Mon": "%b", "Day": "%A"},
    **{"Dy": "%a", "HH24": "%H", "HH12": "%I", "HH": "%I", "MI": "%M", "SS": "%S", "AM": "%p", "PM": "%p"},
}
CAST_ELEMENT = re.compile("|".join([*sorted(CAST_FORMATS, key=len, reverse=True), r"[^A-Za-z0-9%]+", "."]), re.DOTALL)
FORMAT_ELEMENT = re.compile(r"%%|%([-+ #0']*)(\d*)(?:\.(\d+))?([a-zA-Z])|[^%]+", re.DOTALL)
BLANKS = " \t\n\r\f\v\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# Not \\n and such, which sqlglot reads, and not what follows an escaped backslash.
ESCAPES = re.compile(r"(?<!\\)(?:\\\\)*(\\[uUxX0-7])")
# .5, which bqemulator takes for a NUMERIC; sqlglot writes 0.5.
POINT_FIRST = re.compile(r"(?<![\w.`'\"\])])\.\d")
BARE_DECIMAL = re.compile(r" AS DECIMAL(\(18, 3\))?\)")
NO_TOKEN = Token(TokenType.SEMICOLON, "")
LACKING = "the embedded BigQuery cannot do this, and BigQuery can: {}"


def translate(self: SQLTranslator, sql: str, *, schema: dict[str, Any] | None = None, **options: Any) -> Any:  # noqa: ANN401
    """Translate a statement to DuckDB's SQL as bqemulator does, with the mends."""
    try:
        mended = mend(sql, "NUMERIC" in f"{sql} {schema}".upper())
    except InvalidQueryError as error:
        return Err(error)
    result = bqemulators(self, mended, schema=schema, **options)
    # NUMERIC has nine decimals, DuckDB's DECIMAL three.
    return Ok(BARE_DECIMAL.sub(" AS DECIMAL(38, 9))", result.value)) if isinstance(result, Ok) else result


bqemulators = SQLTranslator.translate


@lru_cache(1000)
def mend(sql: str, has_decimals: bool) -> str:
    """Put the mends into a statement. Raises InvalidQueryError where it is refused.

    Args:
        sql: a statement in BigQuery's SQL.
        has_decimals: whether a column of it can be a NUMERIC: these round right, and have to stay what they are.
    """
    try:
        refuse_texts(sql)
        tree = sqlglot.parse_one(sql, read="bigquery")
    except SqlglotError:
        return sql  # bqemulator says what is wrong
    changed = bool(POINT_FIRST.search(sql))
    for node in reversed(list(tree.walk())):
        if has_decimals and isinstance(node, exp.Round) and can_be_decimal(node):
            continue
        for each in MENDS.get(type(node), ()):
            if (other := each(node)) is not None:
                changed = True
                if node is tree:
                    tree = other
                else:
                    node.replace(other)
                break
    return tree.sql("bigquery") if changed else sql


def can_be_decimal(node: exp.Round) -> bool:
    casts = node.find_all(exp.Cast)
    return node.find(exp.Column) is not None or any(each.to.this == TYPES.DECIMAL for each in casts)


def mends(*kinds: type) -> Callable[[Mend], Mend]:
    """Register a mend of these parts of a syntax tree."""

    def register(function: Mend) -> Mend:
        for kind in kinds:
            MENDS.setdefault(kind, []).append(function)
        return function

    return register


def call(name: str, *arguments: Expr | str | int) -> Expr:
    """Call a function of mends.sql, or of BigQuery."""
    return exp.Anonymous(this=name, expressions=[exp.convert(each, copy=True) for each in arguments])


def lacking(what: str) -> InvalidQueryError:
    return InvalidQueryError(LACKING.format(what), location="query")


def refuse_texts(sql: str) -> None:
    """Refuse escapes that sqlglot does not read, and 'it''s', two literals which it joins."""
    if "\\" not in sql and "''" not in sql and '""' not in sql:
        return
    for one, other in pairwise([*sqlglot.tokenize(sql, read="bigquery"), NO_TOKEN]):
        if one.token_type != TokenType.STRING:
            continue
        if escape := ESCAPES.search(sql[one.start : one.end + 1]):
            raise lacking(f"the escape {escape[1]} in a text (write the character itself)")
        if other.token_type == TokenType.STRING and one.end + 1 == other.start:
            text = "Syntax error: concatenated string literals must be separated by whitespace or comments"
            raise InvalidQueryError(f"{text} at [{other.line}:{other.col}]", location="query")


# Dates and times.


def part_of(unit: Expr | None) -> tuple[str, int]:
    """A date part: its name, and the number of the day on which its weeks begin."""
    if isinstance(unit, exp.WeekStart):
        return "WEEK", DAYS.index(unit.name.upper()) if unit.name.upper() in DAYS else 0
    name = unit.name.upper() if unit else "DAY"
    return ("WEEK", 1) if name == "ISOWEEK" else (name, 0)


@mends(exp.TimestampDiff, exp.DateDiff, exp.DatetimeDiff)
def difference(node: exp.TimestampDiff | exp.DateDiff | exp.DatetimeDiff) -> Expr | None:
    """TIMESTAMP_DIFF counts whole units, the others boundaries; weeks begin on the day that is asked for."""
    part, first_day = part_of(node.args.get("unit"))
    if isinstance(node, exp.TimestampDiff) and part in LONG:
        text = f"TIMESTAMP_DIFF does not support the {part} date part when the argument is TIMESTAMP type"
        raise InvalidQueryError(text, location="query")
    if isinstance(node, exp.TimestampDiff) and part in MICROSECONDS:
        return call("bq_units", node.this, node.expression, MICROSECONDS[part])
    if part == "WEEK":
        return call("bq_week_diff", node.this, node.expression, first_day)
    if part in MICROSECONDS:
        return call("bq_diff", node.this, node.expression, part, MICROSECONDS[part])
    return call("bq_long_diff", node.this, node.expression, part) if part in LONG else None


@mends(exp.DateTrunc, exp.TimestampTrunc, exp.DatetimeTrunc)
def truncation(node: exp.DateTrunc | exp.TimestampTrunc | exp.DatetimeTrunc) -> Expr | None:
    """Weeks begin on the day that is asked for, in the time zone that is asked for; a date stays a date."""
    part, first_day = part_of(node.args.get("unit"))
    if part != "WEEK":
        return (
            call("bq_trunc", node.this, part) if isinstance(node, exp.DateTrunc) and not node.args.get("zone") else None
        )
    if zone := node.args.get("zone"):
        local = call("bq_week_trunc", call("DATETIME", node.this, zone), first_day)
        return call("TIMESTAMP", local, zone)
    return call("bq_week_trunc", node.this, first_day)


@mends(exp.LastDay)
def last_day(node: exp.LastDay) -> Expr | None:
    """Weeks end on the day that is asked for."""
    part, first_day = part_of(node.args.get("unit") or exp.var("MONTH"))
    return call("bq_week_end", node.this, first_day) if part == "WEEK" and first_day else None


@mends(exp.Extract)
def extraction(node: exp.Extract) -> Expr | None:
    """Weeks begin on the day that is asked for; a date has no hour; parts of a second are those after the second."""
    is_week = isinstance(node.this, exp.WeekStart)
    part, first_day = part_of(node.this) if is_week or node.name.upper() != "ISOWEEK" else ("", 0)
    value = node.expression
    if isinstance(value, exp.AtTimeZone):
        value = call("DATETIME", value.this, value.args["zone"])
    match part:
        case "WEEK":
            return call("bq_extract_week", value, first_day)
        case "TIME" | "DATETIME":
            return call(f"bq_{part.lower()}", value)
        case "HOUR" | "MINUTE" | "SECOND" | "MILLISECOND" | "MICROSECOND" if not is_interval(value):
            return call("bq_extract_time", value, part)
    return None


def is_interval(node: Expr) -> bool:
    """Whether this may be an INTERVAL, whose parts are others; a TIME cannot be made a timestamp either."""
    kinds = (exp.Interval, exp.Sub, exp.Add, exp.Column, exp.Paren, exp.Anonymous)
    is_time = isinstance(node, exp.Cast) and node.to.this == TYPES.TIME
    return is_time or (isinstance(node, kinds) and not is_datetime(node))


def is_datetime(node: Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name == "DATETIME"


@mends(exp.TimestampAdd, exp.TimestampSub)
def addition(node: exp.TimestampAdd | exp.TimestampSub) -> None:
    """A month has no length."""
    part, _ = part_of(node.args.get("unit"))
    if part in LONG:
        name = "TIMESTAMP_ADD" if isinstance(node, exp.TimestampAdd) else "TIMESTAMP_SUB"
        text = f"{name} does not support the {part} date part when the argument is TIMESTAMP type"
        raise InvalidQueryError(text, location="query")


@mends(exp.CurrentTimestamp)
def now(node: exp.CurrentTimestamp) -> Expr | None:
    """A column that is called current_timestamp may be made of it."""
    select = node.find_ancestor(exp.Select)
    return call("now") if select and "current_timestamp" in map(str.lower, select.named_selects) else None


@mends(exp.UnixSeconds)
def unix_seconds(node: exp.UnixSeconds) -> Expr:
    """Whole seconds before, not the nearest."""
    return call("bq_unix_seconds", node.this)


@mends(exp.UnixMillis)
def unix_millis(node: exp.UnixMillis) -> Expr:
    """Whole milliseconds before, not the nearest."""
    return call("bq_unix_millis", node.this)


@mends(exp.StrToTime)
def parsing(node: exp.StrToTime) -> Expr | None:
    """PARSE_TIMESTAMP in a time zone; and of seconds since 1970."""
    if node.args["format"].name == "%s":
        return call("TIMESTAMP_SECONDS", exp.cast(node.this.copy(), "BIGINT"))
    if zone := node.args.get("zone"):
        local = exp.ParseDatetime(this=node.this.copy(), format=node.args["format"].copy())
        return call("TIMESTAMP", local, zone)
    return None


@mends(exp.TimeToStr)
def time_format(node: exp.TimeToStr) -> Expr | None:
    """Elements of a format that strftime does not have."""
    written = node.args["format"]
    if not written.is_string:
        return None
    value, zone = node.this.this, node.args.get("zone")
    local = call("DATETIME", value, zone) if zone else value
    pieces: list[Expr | str] = []
    for element in time_elements(written.name):
        name = element[1:].replace("E*S", "ES_all")
        if re.fullmatch(r"%E\dS", element):
            pieces.append(call("bq_format_ES", local, int(element[2])))
        elif element in ("%Q", "%e", "%k", "%l", "%C", "%g", "%s", "%P", "%E4Y", "%E*S"):
            pieces.append(call(f"bq_format_{name}", local))
        elif element == "%Z" and not zone:
            pieces.append(exp.Literal.string("UTC"))
        elif pieces and isinstance(pieces[-1], str):
            pieces[-1] += element
        else:
            pieces.append(element)
    if pieces == [written.name]:
        return None

    def part(piece: Expr | str) -> Expr:
        if not isinstance(piece, str):
            return piece
        if "%" not in piece:
            return exp.Literal.string(piece)
        other = node.copy()
        other.set("format", exp.Literal.string(piece))
        return other

    return joined([part(piece) for piece in pieces])


def time_elements(text: str) -> Iterator[str]:
    """The elements of a time format, with what some of them stand for."""
    for element in TIME_ELEMENT.findall(text):
        if element in TIME_FORMATS and element != TIME_FORMATS[element]:
            yield from time_elements(TIME_FORMATS[element])
        else:
            yield element


def joined(pieces: list[Expr]) -> Expr:
    return call("CONCAT", "", *pieces)


# Casts and numbers.


@mends(exp.Cast, exp.TryCast)
def cast(node: exp.Cast) -> Expr | None:
    """Halves are rounded away from zero, and texts have to be what they are cast to."""
    kind, written = node.to, node.args.get("format")
    if written and kind.this == TYPES.TEXT:
        return call("bq_strftime", node.this, cast_format(written.name))
    if written:
        return None
    if kind.this == TYPES.BIGDECIMAL and node.this.is_string:
        return call("bqemu_to_bignumeric", node.this)  # bqemulator does so only where it finds BIGNUMERIC '1.5'
    is_known = isinstance(node.this, exp.Null)
    if kind.this not in CASTS or is_known:
        return None
    name = CASTS[kind.this]
    return call(f"bq_safe_{name}" if isinstance(node, exp.TryCast) and name != "string" else f"bq_{name}", node.this)


def cast_format(text: str) -> str:
    """Write the format of a CAST as strftime has it. Raises InvalidQueryError where it cannot."""
    pieces = []
    for element in CAST_ELEMENT.findall(text):
        if element not in CAST_FORMATS and element.isalnum():
            raise lacking(f"CAST with FORMAT '{text}'")
        pieces.append(CAST_FORMATS.get(element, element))
    return "".join(pieces)


@mends(exp.Round)
def rounding(node: exp.Round) -> Expr | None:
    """ROUND of a float is of the float itself: DuckDB multiplies it by a power of ten first, which rounds it, too."""
    if node.args.get("truncate"):
        return None
    return call("bq_round", node.this, node.args.get("decimals") or 0)


@mends(exp.Sign)
def sign(node: exp.Sign) -> Expr | None:
    """SIGN has the type of its argument."""
    return call("bq_sign", node.this)


@mends(exp.BitwiseRightShift)
def shift(node: exp.BitwiseRightShift) -> Expr:
    """>> fills with zeros from the left, of negative numbers, too."""
    return call("bq_shift_right", node.this, node.expression)


@mends(exp.Sub)
def days_between(node: exp.Sub) -> Expr | None:
    """A date less a date is an INTERVAL."""
    return (
        call("bq_date_minus", node.this, node.expression) if is_date(node.this) and is_date(node.expression) else None
    )


def is_date(node: Expr) -> bool:
    if isinstance(node, (exp.Max, exp.Min)):
        return is_date(node.this)
    return isinstance(node, (exp.Date, exp.CurrentDate)) or (isinstance(node, exp.Cast) and node.to.this == TYPES.DATE)


@mends(exp.IntDiv)
def whole_division(node: exp.IntDiv) -> Expr:
    """A division by zero is an error."""
    return call("bq_div", node.this, node.expression)


@mends(exp.Mod)
def remainder(node: exp.Mod) -> Expr | None:
    """A division by zero is an error."""
    divisor = node.expression
    return None if divisor.is_number and divisor.name != "0" else call("bq_mod", node.this, divisor)


@mends(exp.GenerateSeries)
def numbers(node: exp.GenerateSeries) -> Expr | None:
    """GENERATE_ARRAY takes floats, too."""
    parts = [node.args["start"], node.args["end"], node.args.get("step") or exp.Literal.number(1)]
    is_float = any("." in literal.name for each in parts for literal in each.find_all(exp.Literal))
    return call("bq_generate_array", *parts) if is_float else None


# Texts.


@mends(exp.Trim)
def trim(node: exp.Trim) -> Expr | None:
    """TRIM without characters removes all white space, not only blanks."""
    if node.expression:
        return None
    other = node.copy()
    other.set("expression", exp.Literal.string(BLANKS))
    return other


@mends(exp.Substring)
def substring(node: exp.Substring) -> Expr | None:
    """SUBSTR: position 0, and one before the beginning, mean 1."""
    start, length = node.args.get("start"), node.args.get("length")
    if start is None or (is_positive(start) and (length is None or is_positive(length))):
        return None
    return call("bq_substr", node.this, start, *([length] if length is not None else []))


@mends(exp.Left, exp.Right, exp.Repeat)
def first_letters(node: exp.Left | exp.Right | exp.Repeat) -> Expr | None:
    """LEFT, RIGHT and REPEAT: a negative number is an error."""
    number = node.args["times"] if isinstance(node, exp.Repeat) else node.expression
    return None if is_positive(number) else call(f"bq_{node.key}", node.this, number)


def is_positive(node: Expr) -> bool:
    return node.is_number and not isinstance(node, exp.Neg) and node.name != "0"


@mends(exp.StrPosition)
def position(node: exp.StrPosition) -> Expr | None:
    """INSTR from the end: bqemulator has it where an occurrence is asked for."""
    start = node.args.get("position")
    if start is None or node.args.get("occurrence") or is_positive(start):
        return None
    return call("INSTR", node.this, node.args["substr"], start, 1)


@mends(exp.Like)
def like(node: exp.Like) -> Expr | None:
    r"""A \ in a pattern makes the next character stand for itself."""
    pattern = node.expression
    if not (pattern.is_string and "\\" in pattern.name) or isinstance(node.parent, exp.Escape):
        return None
    return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))


@mends(exp.Collate)
def collate(_: exp.Collate) -> None:
    raise lacking("COLLATE")


@mends(exp.Format)
def text_format(node: exp.Format) -> Expr | None:
    """FORMAT: thousands, texts beyond ASCII, and %t."""
    if (
        not node.this.is_string
        or "*" in node.this.name
        or not re.search(r"%[^a-zA-Z%]*[stTpP]|%[^a-zA-Z%]*'", node.this.name)
    ):
        return None
    values = iter(node.expressions)
    pieces: list[Expr] = []
    for element in FORMAT_ELEMENT.finditer(node.this.name):
        flags, width, digits, kind = element.groups()
        if not kind:
            pieces.append(exp.Literal.string("%" if element[0] == "%%" else element[0]))
            continue
        if (value := next(values, None)) is None:
            return None
        match kind:
            case "s" | "t" if not digits:
                piece = call(f"bq_text_{kind}", value)
            case "d" | "i" if "'" in flags:
                piece = call("bq_grouped", value)
            case "f" if "'" in flags:
                piece = call("bq_grouped_decimals", value, int(digits or 6))
            case "T" | "p" | "P" | "s" | "t":
                raise lacking(f"FORMAT with {element[0]}")
            case _:
                pieces.append(exp.Format(this=exp.Literal.string(element[0]), expressions=[value.copy()]))
                continue
        pieces.append(call("bq_pad", piece, -int(width) if "-" in flags else int(width)) if width else piece)
    return joined(pieces)


@mends(exp.String)
def text_of_time(node: exp.String) -> Expr | None:
    """STRING of a timestamp ends with the offset of the time zone."""
    zone = node.args.get("zone")
    if not zone:
        return None
    return call("bq_string_in_zone", node.this, zone)


# Arrays and structs.


@mends(exp.Bracket)
def subscript(node: exp.Bracket) -> Expr | None:
    """An element that is not there is an error, where SAFE_ is not asked for."""
    offset, [index, *more] = node.args.get("offset"), node.expressions
    if offset is None or node.args.get("safe") or more:
        return None
    return call("bq_at_ordinal" if offset else "bq_at", node.this, index)


@mends(exp.Array)
def array_of_structs(node: exp.Array) -> Expr | None:
    """[STRUCT(1 AS a), (2)]: what follows a STRUCT is one, too, with its names."""
    if not (node.expressions and isinstance(node.expressions[0], exp.Struct)) or not node.find(exp.Tuple):
        return None
    elements = [
        exp.Struct(expressions=[value.copy() for value in each.expressions]) if isinstance(each, exp.Tuple) else each
        for each in node.expressions
    ]
    return exp.Array(expressions=[each.copy() for each in elements]) if elements != node.expressions else None


@mends(exp.ArraySlice)
def slice_(node: exp.ArraySlice) -> Expr:
    """ARRAY_SLICE counts from 0, and its end is included."""
    return call("bq_array_slice", node.this, node.args["start"], node.args["end"])


@mends(exp.ApproxQuantiles)
def quantiles(node: exp.ApproxQuantiles) -> Expr | None:
    """APPROX_QUANTILES of n parts has n + 1 values."""
    if not node.expression.is_int:
        return None
    number = int(node.expression.name)
    shares = exp.Array(expressions=[exp.Literal.number(each / number) for each in range(number + 1)])
    return call("bq_quantiles", node.this, shares)


@mends(exp.GroupConcat)
def joined_texts(node: exp.GroupConcat) -> None:
    """STRING_AGG(DISTINCT ... LIMIT n) has n different texts: bqemulator limits them before it looks at that."""
    if isinstance(node.this, exp.Limit) and node.this.find(exp.Distinct):
        raise lacking("LIMIT in STRING_AGG(DISTINCT ...)")


@mends(exp.IgnoreNulls)
def ignore_nulls(node: exp.IgnoreNulls) -> Expr | None:
    """Quantiles ignore NULL anyway; the first of an ordered ARRAY_AGG are taken afterwards."""
    inner = node.this
    if isinstance(inner, exp.Anonymous) and inner.name == "bq_quantiles":
        return inner.copy()
    if isinstance(inner, exp.ArrayAgg) and isinstance(limit := inner.this, exp.Limit):
        without = exp.IgnoreNulls(this=exp.ArrayAgg(this=limit.this.copy()))
        return call("bq_first", without, limit.expression)
    return None


@mends(exp.Struct)
def struct(node: exp.Struct) -> Expr | None:
    """Its fields have the names of the columns; the emulator cannot send a field without a name."""
    fields = node.expressions
    if all(isinstance(each, exp.PropertyEQ) for each in fields) or not is_for_itself(node):
        return None
    names = [each.name if isinstance(each, (exp.PropertyEQ, exp.Column)) else "" for each in fields]
    if len(set(names)) < len(names) and any(names):
        names = [name or f"_field_{number}" for number, name in enumerate(names, start=1)]
    if len(set(map(str.lower, names))) < len(names) and any(names):
        raise lacking("a STRUCT with two fields of one name")
    values = [each.expression if isinstance(each, exp.PropertyEQ) else each for each in fields]
    named = [
        exp.PropertyEQ(this=exp.to_identifier(name or f"_field_{number}"), expression=value.copy())
        for number, (name, value) in enumerate(zip(names, values, strict=True), start=1)
    ]
    return exp.Struct(expressions=named)


def is_for_itself(node: exp.Struct) -> bool:
    """Whether no other struct beside it, nor a table, says what its fields are called."""
    if isinstance(node.parent, (exp.Array, exp.Tuple)) or node.args.get("types"):
        return False
    return node.find_ancestor(exp.Insert, exp.SetOperation, exp.EQ, exp.In, exp.Cast) is None


@mends(exp.Select)
def struct_of_columns(node: exp.Select) -> Expr | None:
    """SELECT AS STRUCT: a field has its column's name, whatever the emulator makes of the column."""
    if node.args.get("kind") != "STRUCT":
        return None
    other = node.copy()
    for each in other.expressions:
        column = each
        if isinstance(each, exp.Paren) and isinstance(each.this, exp.Sub):
            column = each.this.this  # bqemulator has made (offset - 1) of an offset
        if isinstance(column, exp.Column) and not isinstance(column.this, exp.Star):
            each.replace(exp.alias_(each.copy(), column.name))
    return other if other != node else None


@mends(exp.Table, exp.Subquery)
def unpivot(node: exp.Table | exp.Subquery) -> Expr | None:
    """UNPIVOT: the values stand before their names."""
    [pivot, *more] = node.args.get("pivots") or [None]
    if pivot is None or more or not pivot.args.get("unpivot") or len(pivot.expressions) != 1:
        return None
    value = pivot.expressions[0]
    [field] = pivot.args["fields"]
    if not isinstance(value, (exp.Column, exp.Identifier)) or not isinstance(field, exp.In):
        return None
    columns = [exp.column(value.name), exp.column(field.this.name)]
    star = exp.Star(except_=[exp.to_identifier(each.name) for each in columns])
    inner = node.copy()
    alias = inner.args["pivots"][0].args.get("alias")
    inner.args["pivots"][0].set("alias", None)
    subquery = exp.select(star, *columns).from_(inner).subquery()
    if alias:
        subquery.set("alias", alias.copy())
    return subquery


@mends(exp.Subquery)
def rows(node: exp.Subquery) -> Expr | None:
    """What bqemulator writes in the place of INFORMATION_SCHEMA keeps the names of its columns."""
    names = node.alias_column_names
    if not names or not isinstance(node.this, exp.Values):
        return None
    selects = [
        exp.select(*[exp.alias_(value.copy(), name) for value, name in zip(row.expressions, names, strict=True)])
        for row in node.this.expressions
    ]
    return (exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0]).subquery(node.alias)


@mends(exp.ApproxTopK)
def top_count(node: exp.ApproxTopK) -> Expr:
    """APPROX_TOP_COUNT has the values with their counts."""
    return call("bq_top_count", node.this, node.expression or node.args["k"])


@mends(exp.ApproxTopSum, exp.Anonymous)
def other_functions(node: exp.ApproxTopSum | exp.Anonymous) -> Expr | None:
    """Functions that DuckDB does not have."""
    if isinstance(node, exp.ApproxTopSum) or node.name.upper() in REFUSED:
        raise lacking("APPROX_TOP_SUM" if isinstance(node, exp.ApproxTopSum) else node.name.upper())
    name = node.name.upper()
    return call(f"bq_{name.lower()}", *node.expressions) if (name, len(node.expressions)) in ADDED else None


@mends(exp.SafeFunc)
def safe_function(node: exp.SafeFunc) -> None:
    """SAFE.: an error cannot be caught in DuckDB."""
    inner = node.this
    if isinstance(inner, exp.Anonymous) and inner.name.startswith("bq_"):
        raise lacking(f"SAFE.{inner.name[3:].upper()}")


@mends(exp.PercentileCont, exp.PercentileDisc)
def percentile(node: exp.PercentileCont | exp.PercentileDisc) -> None:
    """DuckDB's percentiles ignore NULLs, whatever is asked for."""
    if node.find(exp.RespectNulls) or isinstance(node.parent, exp.RespectNulls):
        raise lacking("a percentile with RESPECT NULLS")


# JSON.


@mends(exp.JSONExtractScalar)
def json_value(node: exp.JSONExtractScalar) -> Expr | None:
    """JSON_VALUE of a text that is no JSON is NULL."""
    if is_call(node.this, "bq_json") or isinstance(node.this, exp.ParseJSON):
        return None
    other = node.copy()
    other.set("this", call("bq_json", node.this))
    return other


def is_call(node: Expr, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and node.name == name


@mends(exp.JSONExtract)
def json_query(node: exp.JSONExtract) -> Expr | None:
    """JSON_QUERY of a JSON is a JSON."""
    if not isinstance(node.this, exp.ParseJSON) or isinstance(node.parent, exp.ParseJSON):
        return None
    return exp.ParseJSON(this=node.copy())


@mends(exp.JSONKeysAtDepth)
def json_keys(_: exp.JSONKeysAtDepth) -> None:
    raise lacking("JSON_KEYS")


@mends(exp.JSONFormat)
def json_text(node: exp.JSONFormat) -> Expr | None:
    """TO_JSON_STRING: of NULL, of times, and of whole floats."""
    if isinstance(node.this, (exp.Struct, exp.Array)) or node.args.get("options"):
        return None
    return call("bq_to_json_string", node.this)


@mends(exp.JSONType)
def json_type(node: exp.JSONType) -> Expr:
    """JSON_TYPE has one name for all numbers."""
    return call("bq_json_type", node.this)
