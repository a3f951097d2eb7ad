"""Asks the clean room one query, or those that are typed at a prompt.

Answers go to standard output, all else to standard error.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dcr_data_generator import sql
from dcr_data_generator.clean_room import project, salt
from dcr_data_generator.clean_room.analysis_rules import Answer, CleanRoom, Reply, Verdict, as_json, write
from dcr_data_generator.clean_room.settings import MERCHANT_PARTY, PARTY_NAMES, AskSettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Place
from dcr_data_generator.values import NUMBER, parse_text_file, printable, quoted

MAX_ROWS = 50  # of an answer in a table
STATUS = {Verdict.ALLOWED: 0, Verdict.REFUSED: 1, Verdict.ERROR: 2}
HELP = """End a query with ; or an empty line.
\\views        the views, and the rule of each
\\questions    what the parties ask; \\1 asks the first
\\as PARTY     ask as another party
\\q            end"""


def run(settings: AskSettings, terminal: Terminal) -> int:
    """Ask the query of the settings, or what is typed.

    Returns: the exit status: 0 for an answer, 1 where the rules refuse the query, 2 for an error.

    Raises:
        UserError: there are no tables yet, or the query cannot be read.
    """
    answers, terminal.console = terminal.console, terminal.errors
    answers.quiet, terminal.console.quiet = False, settings.screen.quiet
    text = query_of(settings.query)
    step = partial(process.step, terminal, settings.place.timeout)
    asking = partial(
        Asking, terminal=terminal, answers=answers, how=settings.format, place=settings.place, folder=settings.room.room
    )
    if settings.room.room:
        from dcr_data_generator.clean_room.room_folder import opening  # with DuckDB, which only they need

        read, room = opening.open_folder(settings.room, settings.place.timeout, terminal)
        party = read.party(settings.as_ or said_in(text))
        questions = [Question(query.file, query.party, query.text) for query in read.allowed]
        return answer(asking(room, questions=questions, party=party), text, party)
    party = party_of(settings.as_ or said_in(text) or MERCHANT_PARTY)
    with project.connected(settings.place, terminal) as warehouse:
        with step("Put both parties' tables behind the views") as done:
            secret = salt.given_or_drawn(settings.keys.salt_file, terminal)
            room = project.open_room(warehouse, secret, settings.keys.normalize)
            if settings.linked_dataset:
                room.link(settings.linked_dataset)
            done.result = f"{warehouse.name_and_days}; the privacy budgets are full, and last as long as this command"
        questions = questions_of(settings.place.suffix)
        return answer(asking(room, questions=questions, party=party), text, party)


def questions_of(suffix: str) -> list["Question"]:
    """The questions of the two parties."""
    pairs = zip(sql.read_questions("open"), sql.read_questions("subscriber", suffix), strict=True)
    return [Question(one.comment("question"), query.comment("as"), query.text) for one, query in pairs]


def answer(asking: "Asking", text: str | None, party: str) -> int:
    """Ask a query, or what is typed; returns the exit status. Raises UserError for a query that has no meaning."""
    if text is None:
        process.allow(0)  # the user may think it over; each query has its own time
        status = asking.prompt(party)
        asking.terminal.next(asking.after_the_prompt)
        return status
    reply = asking.ask(text, party)
    if reply.verdict is Verdict.ERROR:
        raise UserError(reply.sentence)
    asking.terminal.next(asking.after_a_query)
    return STATUS[reply.verdict]


def query_of(argument: str | None) -> str | None:
    """The query that an argument is, or names; None for a prompt.

    Raises:
        UserError: it is neither a query nor a file with one.
    """
    if argument is None and sys.stdin and sys.stdin.isatty():
        return None
    if argument in (None, "-"):
        text = sys.stdin.read() if sys.stdin else ""
        if not text.strip():
            raise UserError("standard input has no query")
        return text
    assert argument is not None
    if not argument.strip():
        raise UserError("the query is empty")
    is_file = False
    with suppress(OSError, ValueError, RuntimeError):  # such as a name that is too long
        is_file = Path(argument).expanduser().exists()
    if is_file or not re.search(r"\s", argument):
        try:
            return parse_text_file(argument)
        except ValueError as error:
            raise UserError(f"{error}: give a query, or a file with one") from None
    return argument.lstrip()


def said_in(text: str | None) -> str | None:
    """Who asks a query, as its file says in a named comment."""
    return sql.comments_of(text or "").get("as")


def party_of(name: str) -> str:
    """The party of a name. Raises UserError for another."""
    if name not in PARTY_NAMES:
        raise UserError(f"nobody is called {name!r}: --as or `-- as:` is {' or '.join(PARTY_NAMES)}")
    return name


class Question(NamedTuple):
    """A question that the prompt knows: its words, who asks it, and its query."""

    words: str
    party: str
    text: str


class Asking:
    """Asks queries, and prints the replies."""

    def __init__(
        self,
        room: CleanRoom,
        terminal: Terminal,
        answers: Console,
        how: str,
        place: Place,
        folder: Path | None,
        questions: Sequence[Question],
        party: str,
    ) -> None:
        self.room, self.terminal, self.answers, self.questions = room, terminal, answers, questions
        self.format, self.seconds, flags = how, place.timeout, place.flags
        where = f" --room {quoted(str(folder))}" if folder else flags
        as_ = f" --as {quoted(party)}" if folder or party != MERCHANT_PARTY else ""
        self.after_a_query = {"Ask more, at a prompt": f"uv run dcr ask{where}{as_}"}
        self.after_the_prompt = {"See what the rules do not stop": f"uv run dcr attack{flags}"}
        if folder:
            self.after_the_prompt = {"Test the folder": f"uv run dcr test {quoted(str(folder))}"}

    def ask(self, text: str, party: str) -> Reply:
        """Ask a query, and print the reply; what an error is, is left to the caller."""
        with self.terminal.console.status("Asking ..."):
            reply = self.room.ask(text, party, self.seconds)
        self.terminal.line(f"[bold]Asked as the {party}[/]")
        if reply.verdict is Verdict.REFUSED:
            first, *more = reply.why
            self.terminal.item("[red]✗[/]", f"refused: {escape(first)}")
            for line in more:
                self.terminal.line(f"  {escape(line)}")
        elif reply.answer is not None:
            self.show(reply.answer)
            for line in reply.said:
                self.terminal.item("  [yellow]•[/]", escape(line))
            for note in reply.notes:
                self.terminal.notices([note])
        return reply

    def show(self, answer: Answer) -> None:
        """Print an answer in the format that is asked for."""
        if self.format == "csv":
            text = StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(answer.columns)
            writer.writerows([["" if value is None else write(value) for value in row] for row in answer.rows])
            self.answers.print(text.getvalue(), markup=False, soft_wrap=True, end="")
        elif self.format == "json":
            rows = [dict(zip(answer.columns, map(as_json, row), strict=True)) for row in answer.rows]
            self.answers.print(json.dumps(rows, ensure_ascii=False, indent=2), markup=False, soft_wrap=True)
        else:
            self.answers.print(drawn(answer))
            if len(answer.rows) > MAX_ROWS:
                self.terminal.line(f"[dim]the first {MAX_ROWS} of {len(answer.rows):,} rows[/]")

    def prompt(self, party: str) -> int:
        """Ask what is typed, until the input ends. Returns 0."""
        with suppress(ImportError):  # Windows has no readline
            import readline  # noqa: F401 - gives input() a history

        self.terminal.line(f"Type a query, or \\? for help. You ask as the {party}.")
        for text in self.typed(party):
            if command := re.fullmatch(r"\\as (\w+)", text):
                if command[1] in self.room.parties:
                    return self.prompt(command[1])
                self.terminal.error(f"no party is called {command[1]!r}: \\as {' or '.join(self.room.parties)}")
                continue
            if text.startswith("\\"):
                self.command(text, party)
            else:
                self.report(text, party)
        return 0

    def report(self, text: str, party: str) -> None:
        """Ask, and say what is wrong."""
        reply = None
        with process.interruptible():
            reply = self.ask(text, party)
        if not reply:
            self.terminal.line("stopped")
        elif reply.verdict is Verdict.ERROR:
            self.terminal.error(reply.sentence)

    def typed(self, party: str) -> Iterator[str]:
        """What is typed: queries, which may have several lines, and commands, which begin with a backslash."""
        lines: list[str] = []
        while True:
            line = None
            try:
                with process.interruptible():
                    line = self.line(f"{party}> " if not lines else f"{'':{len(party)}}> ")
            except EOFError:
                if any(lines):
                    yield "\n".join(lines)
                return
            if line is None:  # Ctrl-C: what was typed is dropped
                self.terminal.line("")
                lines = []
                continue
            if not lines and line.strip() == "\\q":
                return
            if not lines and line.startswith("\\"):
                yield line.strip()
            elif line.strip():
                lines.append(line)
                if line.rstrip().endswith(";"):
                    yield "\n".join(lines)
                    lines = []
            elif lines:
                yield "\n".join(lines)
                lines = []

    def line(self, prompt: str) -> str:
        """Read a line; the prompt does not go among the answers."""
        if sys.stdout.isatty():
            return input(prompt)
        sys.stderr.write(prompt)
        sys.stderr.flush()
        return input()

    def command(self, text: str, party: str) -> None:
        """Carry out a command of the prompt."""
        if text == "\\views":
            for name, rule in self.room.rules().items():
                self.terminal.line(f"[bold]{escape(name)}[/] {escape(rule)}")
        elif text == "\\questions":
            for number, question in enumerate(self.questions, 1):
                self.terminal.line(f"[bold]\\{number}[/] {escape(f'{question.words} ({question.party})')}")
        elif text[1:].isdecimal() and 1 <= int(text[1:]) <= len(self.questions):
            question = self.questions[int(text[1:]) - 1]
            self.terminal.code(question.text.rstrip())
            self.report(question.text, question.party)
        else:
            self.terminal.line(escape(HELP))


def drawn(answer: Answer) -> Table:
    """Draw an answer; numbers to the right."""
    table = Table(*map(escape, answer.columns))
    for row in answer.rows[:MAX_ROWS]:
        texts = [printable(write(value)) for value in row]
        for column, text in zip(table.columns, texts, strict=True):
            column.overflow = "fold"
            column.justify = "right" if re.fullmatch(NUMBER, text) else "left"
        table.add_row(*map(escape, texts))
    return table
