"""The named queries of the page, from the files of sql/: questions, refusals and attacks, in the order of a talk."""

import re
from pathlib import Path
from typing import NamedTuple

from dcr_data_generator import sql
from dcr_data_generator.clean_room.lab import FOLDER
from dcr_data_generator.clean_room.project import REFUSED
from dcr_data_generator.clean_room.room_folder.room import Room

TOLD = ("wants", "knows", "does", "defence")


class Button(NamedTuple):
    """A query with a name: who asks it, what there is to say of it, and whether only query templates are offered."""

    label: str
    party: str
    text: str
    about: dict[str, str]
    is_template: bool = False


def read(suffix: str, victim: str) -> dict[str, list[Button]]:
    """Read the buttons, by the headings above them; the victim of the attacks is a hashed email.

    An attack that needs more than a victim, or asks no view, is left out: `dcr attack` carries it out.
    """
    asked = {query.name: f"{query.name[0]}. {query.comment('question')}" for query in sql.read_questions("open")}
    questions = [
        Button(
            asked[query.question] + (" With noise" if query.name.endswith("_private") else ""),
            query.comment("as"),
            shown(query.text),
            {"": query.comment("explanation")},
        )
        for query in sql.read_questions("subscriber*", suffix)
    ]
    templates = [
        Button(
            f"{asked[call.question]} By a query template", call.comment("as"), shown(call.text), {}, is_template=True
        )
        for call in sql.read_questions("call", suffix)
    ]
    refusals = [
        Button(query.comment("attempt"), query.comment("as"), shown(query.text), {}, "offered" in query.comments)
        for query in sql.read_folder(REFUSED, suffix)
    ]
    attacks = [
        Button(
            query.comments["attack"],
            query.comment("as"),
            text,
            {name: query.comments[name] for name in TOLD if name in query.comments},
        )
        for query in sql.read_folder(FOLDER, suffix)
        if "attack" in query.comments
        and re.search("_(clean_room|templates)\\w*\\.", query.text)
        and "@" not in (text := shown(query.text).replace("@victim", f"'{victim}'"))
    ]
    return {
        "Questions": questions,
        "Query templates": templates,
        "Refusals": refusals,
        "Attacks that are allowed": attacks,
    }


def of_room(room: Room) -> dict[str, list[Button]]:
    """The queries of a room folder, by what is expected of them; a button has the name of its file."""
    kinds = {"Allowed": room.allowed, "Refused": room.refused}
    return {
        kind: [
            Button(Path(query.file).stem.replace("_", " ").capitalize(), query.party, shown(query.text), {})
            for query in queries
        ]
        for kind, queries in kinds.items()
        if queries
    }


def shown(text: str) -> str:
    """A query without the comments of its file."""
    return re.sub(r"\A(-- [^\n]*\n)*", "", text).strip()
