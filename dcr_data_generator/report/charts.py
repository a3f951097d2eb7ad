"""Draws the report's charts with Altair, which takes half a second to import: only report.py does, when it writes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt

type Row = Mapping[str, Any]

# The page's style sheet says what they are, in light and in dark.
MERCHANT, PROVIDER, BOTH, INK, SOFT, LINE, CARD = (
    f"var(--{colour})" for colour in ("merchant", "provider", "both", "ink", "soft", "line", "card")
)
AGE_GROUPS = ["<25", "25-34", "35-44", "45-54", "55-64", "65+", "unknown"]


class Chart(NamedTuple):
    """A chart for vegaEmbed, its title, how to read it, and its figures in words."""

    title: str
    caption: str
    words: str
    spec: dict[str, Any]


def draw(name: str, rows: Sequence[Row]) -> list[Chart]:
    """Draw a use case's charts from the rows of its file in sql/report; without rows there are none."""
    return DRAWINGS[name](rows) if rows else []


def chart(
    title: str, caption: str, clause: str, rows: Sequence[Row], drawing: alt.Chart | alt.LayerChart | alt.FacetChart
) -> Chart:
    """Give a drawing the page's width and look, and put its rows into words, a clause a row."""
    spec = (
        drawing.properties(width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
        .configure(font="system-ui, sans-serif", background="transparent")
        # The page itself says what a chart shows; of the marks, one by one, nobody wants to hear.
        .configure_mark(aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=SOFT,
            gridColor=LINE,
            domain=False,
            ticks=False,
            labelFontSize=13,
            titleFontSize=13,
            titleFontWeight="normal",
            labelPadding=8,
            aria=False,
        )
        .configure_legend(orient="top", title=None, labelColor=INK, labelFontSize=13, aria=False)
    )
    return Chart(title, caption, "; ".join(clause.format(**row) for row in rows) + ".", spec.to_dict())


def categories(rows: Sequence[Row], column: str, size: int = 13, limit: int = 140) -> alt.Y:
    """The categories from top to bottom as the rows have them; a line's end in one ends a line."""
    lines = 1 + max(row[column].count("\n") for row in rows)
    axis = alt.Axis(
        title=None,
        grid=False,
        labelExpr="split(datum.label, '\\n')",
        labelOffset=8 - 8 * lines,
        labelFontSize=size,
        labelLimit=limit,
    )
    return alt.Y(f"{column}:N", sort=list(dict.fromkeys(row[column] for row in rows)), axis=axis)


def bars(rows: Sequence[Row], label: str, column: str, number_format: str, *, step: float = 1) -> alt.Chart:
    """A bar a label, which is a format of the row, with few marks on the axis, at least a step apart."""
    labelled = [{**row, "label": label.format(**row)} for row in rows]
    height = 24 + 18 * label.count("\n")
    axis = alt.Axis(title=None, format=number_format, tickCount=4, tickMinStep=step)
    height_of_all = (height + 14) * len({row["label"] for row in labelled})
    base = alt.Chart(alt.Data(values=labelled), height=height_of_all).mark_bar(size=height)
    return base.encode(categories(labelled, "label"), alt.X(f"{column}:Q", axis=axis))


def colours(column: str, colour_of: Mapping[str, str], legend: alt.Legend | None) -> alt.Color:
    """The colours of a column's values."""
    return alt.Color(f"{column}:N", scale=alt.Scale(domain=[*colour_of], range=[*colour_of.values()]), legend=legend)


def verification(rows: Sequence[Row]) -> list[Chart]:
    """Orders and sales by status, through the wallet and not."""
    drawn = []
    for what, number_format, money in (("orders", "~s", ","), ("sales", "$~s", ",.2f")):
        parts = [
            {"status": row["status"], what: row[column], "part": part, "place": place}
            for row in rows
            for place, (column, part) in enumerate(
                {f"wallet_{what}": "through the wallet", f"other_{what}": "otherwise"}.items()
            )
        ]
        colour = colours("part", {"through the wallet": BOTH, "otherwise": MERCHANT}, alt.Legend())
        drawing = bars(parts, "{status}", what, number_format).encode(color=colour, order="place:Q")
        clause = f"{{status}} {{wallet_{what}:{money}}} through the wallet and {{other_{what}:{money}}} otherwise"
        title = {"orders": "Orders", "sales": "Sales in US dollars"}[what]
        drawn.append(chart(title, f"The merchant's {what} by status.", clause, rows, drawing))
    return drawn


def segmentation(rows: Sequence[Row]) -> list[Chart]:
    """The average order value by tier with its spread, and the number of customers."""
    averages = bars(rows, "{tier}\n${average_order_value:,.2f}\n{customers:,} customers", "average_order_value", "$~s")
    ends = ("a_quarter_below", "a_quarter_above")
    spread = averages.mark_rule(size=2, color=INK).encode(x=f"{ends[0]}:Q", x2=f"{ends[1]}:Q")
    caps = [averages.mark_tick(size=14, thickness=2, color=INK).encode(x=f"{end}:Q") for end in ends]
    caption = "In US dollars. A line spans the middle half of a tier's orders."
    clause = (
        "{tier} ${average_order_value:,.2f} with {customers:,} customers, the middle half of the orders from "
        "${a_quarter_below:,.2f} to ${a_quarter_above:,.2f}"
    )
    drawing = alt.layer(averages.encode(color=alt.value(BOTH)), spread, *caps)
    return [chart("Average order value by tier", caption, clause, rows, drawing)]


def trust(rows: Sequence[Row]) -> list[Chart]:
    """The customers and their refund rate, verified against unverified."""
    colour = colours("verification", {"verified": BOTH, "unverified": PROVIDER, "unknown": SOFT}, None)
    customers = bars(rows, "{verification}\n{customers:,}", "customers", "~s").encode(color=colour)
    rates = bars(rows, "{verification}\n{refund_rate:.1%}", "refund_rate", "~%", step=0.01).encode(color=colour)
    caption = "The share of their orders that were cancelled or returned."
    clause = "{verification} {refund_rate:.1%}, {refunds:,} of {orders:,} orders"
    return [
        chart("Customers", "How many of them hold a wallet.", "{verification} {customers:,}", rows, customers),
        chart("Refund rate", caption, clause, rows, rates),
    ]


def enrichment(rows: Sequence[Row]) -> list[Chart]:
    """The provider's users whom the merchant knows, by country and age group."""
    # Small labels: on a phone there is little room beside the countries.
    axis = alt.Axis(orient="top", title="age", labelAngle=0, labelFontSize=10, grid=False)
    ages = alt.X("age_group:N", sort=AGE_GROUPS, axis=axis)
    height = 34 * len({row["customer_country"] for row in rows})
    countries = categories(rows, "customer_country", size=12, limit=100)
    base = alt.Chart(alt.Data(values=rows), height=height).encode(countries, ages)
    shade = alt.Opacity("users:Q", scale=alt.Scale(range=[0.08, 0.5]), legend=None)
    written = "format(datum.users, datum.users < 10000 ? ',' : '.3~s')"
    counts = base.transform_calculate(written=written).mark_text(color=INK, fontSize=13).encode(text="written:N")
    caption = "How many of its users the merchant knows; the stronger the colour, the more."
    drawing = base.mark_rect(color=BOTH, stroke=CARD, strokeWidth=2).encode(opacity=shade) + counts
    return [chart("Users by country and age", caption, "{customer_country} {age_group} {users:,}", rows, drawing)]


DRAWINGS: dict[str, Callable[[Sequence[Row]], list[Chart]]] = {
    "1_transaction_verification": verification,
    "2_customer_segmentation": segmentation,
    "3_trust_and_fraud": trust,
    "4_user_enrichment": enrichment,
}
