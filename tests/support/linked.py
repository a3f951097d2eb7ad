"""BigQuery as the subscriber of a linked dataset meets it: it answers as a clean room does, or as a test says."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from dcr_data_generator import sql
from dcr_data_generator.clean_room.analysis_rules import CleanRoom, NotUnderstood, Refused
from tests.support.proxy import Request, Response, error

TYPES = {str: "STRING", bool: "BOOLEAN", int: "INTEGER", float: "FLOAT", datetime: "TIMESTAMP"}
BYTES_PER_QUERY = 1 << 20


class Reply(NamedTuple):
    """What BigQuery replies: a sentence, or the columns and rows of an answer."""

    sentence: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple, ...] = ()


class LinkedDataset:
    """Answers queries that say who asks them; a proxy gives all others to the emulator.

    `instead` has what is replied otherwise, by words of the query. `dry` and `asked` are the queries that came as dry
    runs, and the others.
    """

    def __init__(self, room: CleanRoom, instead: Mapping[str, Reply]) -> None:
        self.room, self.instead = room, instead
        self.dry: list[str] = []
        self.asked: list[str] = []
        self.replies: dict[str, Reply] = {}

    def respond(self, request: Request) -> Response | None:
        """Answer the insertion of a job with a query, or ask for the answer of one."""
        kind, _, number = request.resource.partition("/")
        if kind == "queries" and number in self.replies:
            return self.rows(number, request)
        if "as" not in sql.comments_of(request.sql):
            return None
        is_dry = request.inserts.get("dryRun", False)
        (self.dry if is_dry else self.asked).append(request.sql)
        reply = self.reply(request, is_dry)
        if reply.sentence:
            return error(400, "invalidQuery", reply.sentence)
        reference = {"location": "US", **request.json["jobReference"]}
        self.replies[reference["jobId"]] = reply
        job = {"jobReference": reference, "configuration": request.inserts, "status": {"state": "DONE"}}
        size = {"totalBytesProcessed": str(BYTES_PER_QUERY)}
        return Response.of(job | {"statistics": {**size, "query": size}})

    def watch(self, request: Request, response: Response) -> None:
        """See an answer of the emulator, which is none of these."""

    def reply(self, request: Request, is_dry: bool) -> Reply:
        """What is replied; whether the budget pays for a query is known only once it is asked."""
        if otherwise := next((each for words, each in self.instead.items() if words in request.sql), None):
            return otherwise
        parameters = request.inserts["query"].get("queryParameters", [])
        values = {each["name"]: each["parameterValue"]["value"] for each in parameters}
        party = sql.comments_of(request.sql)["as"]
        try:
            if is_dry:
                self.room.admit(request.sql, party)
                return Reply()
            [answer] = self.room.answers(request.sql, party, [values])
        except (Refused, NotUnderstood) as refusal:
            # With the name of the project, as BigQuery has it, and where it stands in the query.
            names = str(refusal).replace("linked.", f"{request.project}:linked.")
            return Reply(f"{names} at [3:1]")
        return Reply("", tuple(answer.columns), tuple(answer.rows))

    def rows(self, number: str, request: Request) -> Response:
        """The rows of an answer, as getQueryResults has them."""
        _, columns, rows = self.replies[number]
        kinds = [
            next((TYPES[type(row[place])] for row in rows if row[place] is not None), "STRING")
            for place in range(len(columns))
        ]
        fields = [{"name": name, "type": kind} for name, kind in zip(columns, kinds, strict=True)]
        answer = {
            "jobComplete": True,
            "jobReference": {"projectId": request.project, "jobId": number, "location": "US"},
            "schema": {"fields": fields},
            "totalRows": str(len(rows)),
        }
        if "maxResults=0" not in request.path:
            answer["rows"] = [{"f": [{"v": in_rest(value)} for value in row]} for row in rows]
        return Response.of(answer)


def in_rest(value: object) -> str | None:
    """A value as the REST API has it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return str(round(value.timestamp() * 1_000_000))
    return str(value)
