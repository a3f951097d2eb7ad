"""Exercises in the clean room, in a terminal: shows them, and judges what is submitted."""

from rich.markup import escape

from dcr_data_generator.clean_room import ask, project
from dcr_data_generator.clean_room.play import play, referee
from dcr_data_generator.clean_room.play.referee import EXPLAIN, GET, PROTECT, Exercise, Referee
from dcr_data_generator.clean_room.settings import ExerciseSettings
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import UserError
from dcr_data_generator.settings import Place

KINDS = {
    GET: "Get a figure: one that the rules should keep back, or one that they allow",
    PROTECT: "Protect something",
    EXPLAIN: "Explain something",
}
SUBMIT = {GET: "FILE.sql", PROTECT: "POLICY.json", EXPLAIN: "NUMBER"}


def run(settings: ExerciseSettings, terminal: Terminal) -> int:
    """List the exercises, show one, or judge what is submitted.

    Returns: the exit status: 0; 1 where the submission is wrong.

    Raises:
        UserError: there is no such exercise, what is submitted cannot be read, there are no tables yet, or they cannot
            show the exercise.
    """
    exercises = referee.read(settings.place.suffix)
    if settings.number is None:
        if settings.query or settings.hint:
            raise UserError("give the number of the exercise, too, such as `dcr exercise 1`")
        show_all(exercises, terminal)
        return 0
    numbers = {str(each.number): each for each in exercises}
    if settings.number not in numbers:
        raise UserError(f"there is no exercise {settings.number!r}: there are 1 to {len(exercises)}")
    exercise = numbers[settings.number]
    if settings.hint:
        terminal.line(f"[bold]Hint:[/] {escape(exercise.comments['hint'])}")
    if settings.query:
        return judge(exercise, settings, terminal)
    if settings.hint:
        terminal.next({"The exercise": f"uv run dcr exercise {exercise.number}"})
    else:
        show(exercise, settings.place, terminal)
    return 0


def judge(exercise: Exercise, settings: ExerciseSettings, terminal: Terminal) -> int:
    """Judge what is submitted; returns the exit status."""
    submission = settings.query if exercise.comments["kind"] == EXPLAIN else ask.query_of(settings.query)
    place = settings.place
    title = "Judge it, on these tables and on some with other people"
    with project.connected(place, terminal) as warehouse, process.step(terminal, place.timeout, title):
        referee_of_room = Referee(*play.open_room(place, settings.keys, terminal, warehouse), place.suffix)
        if obstacle := referee_of_room.obstacle(exercise):
            raise UserError(f"these data cannot show exercise {exercise.number}: {obstacle}")
        judged = referee_of_room.judge(exercise, submission or "")
    if judged.cost:
        terminal.line(f"It cost {escape(judged.cost)}.")
    mark = "[green]✓ Right.[/]" if judged.is_right else "[red]✗ Wrong.[/]"
    terminal.line(f"{mark} {escape(judged.why)}")
    terminal.next({"All exercises": "uv run dcr exercise"} if judged.is_right else hint(exercise))
    return 0 if judged.is_right else 1


def show_all(exercises: list[Exercise], terminal: Terminal) -> None:
    """Print the titles, by what is to be done."""
    for kind, words in KINDS.items():
        terminal.line(f"[bold]{words}[/]")
        for exercise in exercises:
            if exercise.comments["kind"] == kind:
                terminal.line(f"  {escape(exercise.title)}")
    terminal.next({"Show one": "uv run dcr exercise 1"})


def show(exercise: Exercise, place: Place, terminal: Terminal) -> None:
    """Print an exercise: the task, what it begins with, and how to submit."""
    comments = exercise.comments
    terminal.line(f"[bold]{escape(exercise.title)}[/]")
    terminal.line(escape(comments["task"]))
    if "@victim" in comments["task"] + exercise.query:
        terminal.line("Write @victim for the hashed email of a customer who pays with the wallet.")
    for number, choice in enumerate(exercise.options, 1):
        terminal.line(f"  {number}. {escape(choice)}")
    if "start" in comments:
        terminal.line(f"\nThe policy of {escape(comments['view'])}:")
        terminal.code(comments["start"])
    terminal.line(f"\nThe query, asked as the {comments['as']}:")
    terminal.code(exercise.query)
    what = SUBMIT[comments["kind"]]
    terminal.line()
    terminal.next({"Submit": f"uv run dcr exercise {exercise.number} --query {what}{place.flags}"} | hint(exercise))


def hint(exercise: Exercise) -> dict[str, str]:
    """The command that prints the hint."""
    return {"A hint": f"uv run dcr exercise {exercise.number} --hint"}
