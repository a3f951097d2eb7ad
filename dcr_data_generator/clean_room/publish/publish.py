"""Publishes the clean room, or a plain exchange, on Google Cloud, and removes it again."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import groupby
from operator import attrgetter

from google.cloud import bigquery
from google.cloud import bigquery_analyticshub_v1 as sharing
from rich.markup import escape

from dcr_data_generator.clean_room import salt, views
from dcr_data_generator.clean_room.publish.call_lists import (
    call_to_check_removal,
    calls_to_publish,
    calls_to_unpublish,
)
from dcr_data_generator.clean_room.publish.calls import Call
from dcr_data_generator.clean_room.publish.on_bigquery import SAME_NAME
from dcr_data_generator.clean_room.publish.target import Target
from dcr_data_generator.clean_room.settings import (
    EXCHANGE,
    LOWER_TRIM,
    Calls,
    Publisher,
    PublishSettings,
    UnpublishSettings,
)
from dcr_data_generator.clean_room.weak_policies import weaknesses
from dcr_data_generator.console import process
from dcr_data_generator.console.terminal import Terminal
from dcr_data_generator.errors import ChangesNote, UserError
from dcr_data_generator.settings import Place
from dcr_data_generator.values import quoted
from dcr_data_generator.warehouse import connect as warehouse


def publish(settings: PublishSettings, terminal: Terminal) -> int:
    """Publish a level of the clean room, or change what differs from what is published; returns the exit status.

    Raises:
        UserError: there is no salt or no Google Cloud project, a call fails, or subscribers would lose what they have.
    """
    secret = salt.required(settings.keys.salt_file, terminal)
    with connect(settings.publisher, settings.calls) as targets:
        target, other = ordered(targets, settings.level)
        for sentence in weaknesses(target.views_of(settings.level)):
            terminal.warning(sentence)
        if settings.log_subscribers:
            terminal.warning("--log-subscribers cannot be taken back: every subscriber's email address will be logged")
        if settings.calls.dry_run:
            terminal.line(f"[bold]The views of level {settings.level}[/]")
            for view in target.views_of(settings.level):
                terminal.line(f"  {escape(view.table)}: {escape(view.policy.in_words)}")
        status = carry_out(calls_to_publish(target, other, settings, secret), settings.calls, terminal)
        flags = flags_of(settings.publisher)
        if settings.calls.dry_run:
            terminal.next({"Publish it": f"uv run dcr publish{flags}{what_is_shared(settings)}"})
        else:
            terminal.next({"See what is published": f"uv run dcr status{flags}"})
    return status


def what_is_shared(settings: PublishSettings) -> str:
    """What is shared with whom and how, as flags."""
    keys, flags = settings.keys, ["--level", settings.level]
    flags += [flag for each in settings.subscriber for flag in ("--subscriber", each)]
    flags += [] if keys.normalize == LOWER_TRIM else ["--normalize", keys.normalize]
    flags += ["--salt-file", str(keys.salt_file)] if keys.salt_file else []
    flags += [
        f"--{name.replace('_', '-')}" for name in ("allow_egress", "log_subscribers", "yes") if getattr(settings, name)
    ]
    return "".join(f" {quoted(flag)}" for flag in flags)


def unpublish(settings: UnpublishSettings, terminal: Terminal) -> int:
    """Remove what `publish` created, whatever its level, and nothing else; returns the exit status.

    Raises:
        UserError: as `publish` does.
    """
    with connect(settings.publisher, settings.calls) as targets:
        checks = [call_to_check_removal(target, settings.yes) for target in targets.values()]
        calls = [call for target in targets.values() for call in calls_to_unpublish(target)]
        status = carry_out([*checks, *calls], settings.calls, terminal)
        flags = flags_of(settings.publisher)
        if settings.calls.dry_run:
            terminal.next({"Unpublish": f"uv run dcr unpublish{flags}{' --yes' if settings.yes else ''}"})
        else:
            terminal.line(f"{SAME_NAME}.")
            terminal.next({"Delete the tables, too": f"uv run dcr remove{flags}"})
    return status


def flags_of(publisher: Publisher) -> str:
    """What another command has to be given to find the same."""
    flags = Place(**vars(publisher.place)).flags
    provider = publisher.provider_project_id
    return f"{flags} --provider-project-id {provider}" if provider else flags


def carry_out(calls: Iterable[Call], how: Calls, terminal: Terminal) -> int:
    """Make the calls one after the other and say what each changed, or only print them, by what they are about."""
    if how.dry_run:
        for title, group in groupby(calls, key=attrgetter("title")):
            terminal.line(f"[bold]{title}[/]")
            for call in group:
                terminal.line(f"  would {'clear up with' if call.clears_up else 'call'} {escape(call.text)}")
        terminal.line("Nothing was changed.")
        return 0
    changed: list[Call] = []
    with noting(changed) as current:
        for call in calls:
            process.allow()  # each has the time of a step
            current.append(call)
            change = call.run()
            current.clear()
            if change:
                changed.append(call)
                terminal.line(f"[green]✓[/] {escape(call.text)} [dim]({escape(change)})[/]")
            elif not call.clears_up:
                terminal.line(f"[dim]=[/] {escape(call.text)} [dim](unchanged)[/]")
    return 0


@contextmanager
def noting(changed: Sequence[Call]) -> Iterator[list[Call]]:
    """Note on an error that ends the block what calls have changed, and what the current one perhaps has.

    Yields: the list for the current call.
    """
    current: list[Call] = []
    try:
        yield current
    except BaseException as error:
        calls = "1 call," if len(changed) == 1 else f"{len(changed)} calls, the last of them"
        states = [f"changed by {calls} {call.text}" for call in changed[-1:]]
        states += [f"perhaps changed by {call.text}" for call in current if not call.only_reads]
        error.add_note(ChangesNote("; ".join(states) or "nothing was changed"))
        raise


@contextmanager
def connect(publisher: Publisher, calls: Calls) -> Iterator[dict[str, Target]]:
    """Connect to the parties' projects and to the sharing API; each at its first call, so a dry run to none.

    The place is the merchant's, which has the exchange.

    Yields: the plain exchange and the clean room, by kind.
    """
    place, merchant = publisher.place, publisher.place.write_project_id
    if merchant is None or os.environ.get("BIGQUERY_EMULATOR_HOST"):
        raise UserError(
            "a clean room is published on Google Cloud only: give --write-project-id, or rehearse, which runs anywhere"
        )
    with ExitStack() as stack:

        @cache
        def client(project: str) -> bigquery.Client:
            return stack.enter_context(warehouse.connect(Place(**vars(place) | {"write_project_id": project}))).client

        if not calls.dry_run:
            client(merchant)  # from here on, it explains the errors of the sharing API, too
        sharing_client = cache(sharing.AnalyticsHubServiceClient)
        provider = publisher.provider_project_id or merchant
        yield {
            kind: Target(
                merchant,
                provider,
                place.location,
                read(place.suffix),
                read(place.suffix, views.KEYS),
                client,
                sharing_client,
                place.suffix,
                kind,
            )
            for kind, read in {views.EXCHANGE: views.read_exchanged, views.CLEAN_ROOM: views.read}.items()
        }


def ordered(targets: Mapping[str, Target], level: str) -> tuple[Target, Target]:
    """The target that has a level, and the other one."""
    exchange, clean_room = targets[views.EXCHANGE], targets[views.CLEAN_ROOM]
    return (exchange, clean_room) if level == EXCHANGE else (clean_room, exchange)
