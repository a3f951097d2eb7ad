"""What is published on Google Cloud: levels, listings, subscriptions, and what is left of the privacy budgets."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from functools import partial

from google.cloud import bigquery_analyticshub_v1 as sharing
from rich.markup import escape

from dcr_data_generator.clean_room.publish import publish
from dcr_data_generator.clean_room.publish.calls import SECONDS, Call, find
from dcr_data_generator.clean_room.publish.on_sharing import LOGGING, published, subscriptions_to
from dcr_data_generator.clean_room.publish.target import ROUTINE, Target
from dcr_data_generator.clean_room.publish.templates import find_template
from dcr_data_generator.clean_room.settings import EXCHANGE, NOISE, RULES, TEMPLATES, Calls, StatusSettings
from dcr_data_generator.clean_room.views import View
from dcr_data_generator.console.terminal import Terminal

INTERRUPTED = "Publishing or unpublishing was interrupted: run the same command again."


def run(settings: StatusSettings, terminal: Terminal) -> int:
    """Show what is published, and change nothing; returns the exit status. Raises UserError as `publish` does."""
    lines: list[str] = []
    with publish.connect(settings.publisher, Calls()) as targets:
        for call in list_calls([*targets.values()], lines):
            call.run()
    for line in lines:
        terminal.line(escape(line))
    if not lines:
        terminal.line("Nothing is published.")
    name = "unpublish" if lines else "publish"
    terminal.next({name.capitalize(): f"uv run dcr {name}{publish.flags_of(settings.publisher)}"})
    return 0


def list_calls(targets: Sequence[Target], lines: list[str]) -> Iterator[Call]:
    """List the calls that look at what is there, and add to the lines."""

    def add(describe: Callable[[], Iterable[str]]) -> None:
        lines.extend([*describe()])  # all or nothing, as a call may be repeated

    names = " and ".join(target.exchange for target in targets)
    yield Call(f"analyticshub.dataExchanges.get {names}", partial(add, partial(describe, targets)), targets[0].admin)
    for target in targets:
        for view in target.views:
            if view.has_noise:
                text, role = f"bigquery.tables.get {target.path(view.table)}", target.owner(view.table)
                yield Call(text, partial(add, partial(budget_left, target, view)), role)


def describe(targets: Sequence[Target]) -> Iterator[str]:
    """Say what of the exchange and of the clean room is published, where they are there."""
    listed = [target for target in targets if published(target)]
    for target in targets:
        exchange = find(target.connect_to_sharing().get_data_exchange, name=target.exchange, timeout=SECONDS)
        if not exchange:
            continue
        current, templates = published(target), states_of_templates(target)
        levels = levels_of(target, current)
        level = " and ".join(levels) or "none, as it lists nothing of what publish lists"
        yield f"{target.exchange}, a {target.in_words}: level {level}"
        is_whole = not levels or current.keys() == {each.name for each in target.listings_of(levels[-1])}
        if TEMPLATES in levels:
            is_whole &= [*templates.values()] == ["APPROVED"] * len(target.templates_of(TEMPLATES))
        if not is_whole or max(len(levels), len(listed)) > 1:
            yield f"  {INTERRUPTED}"
        if getattr(exchange, LOGGING):
            yield "  Who asks is logged: INFORMATION_SCHEMA.SHARED_DATASET_USAGE has the email addresses."
        for name, listing in current.items():
            yield f"  listing {name}{', metadata only' if listing.allow_only_metadata_sharing else ''}"
        for name, state in templates.items():
            yield f"  query template {name}: {state.lower()}"
        for each in subscriptions_to(target):
            state = name_of(each.state).removeprefix("STATE_").lower()
            who = each.subscriber_contact or "somebody who is not named"
            project = each.name.removeprefix("projects/").partition("/")[0]
            yield f"  subscription of {who} in project {project}: {state}"


def states_of_templates(target: Target) -> dict[str, str]:
    """The states of the query templates that are there, by name."""
    found = {each.name: find_template(target, each) for each in target.templates_of(TEMPLATES)}
    return {name: name_of(template.state) for name, template in found.items() if template}


def name_of(state: IntEnum | int) -> str:
    """The name of a state; the library gives a newer one, which it does not know, as a number."""
    return state.name if isinstance(state, IntEnum) else f"state {state}, which is not known here"


def levels_of(target: Target, current: Mapping[str, sharing.Listing]) -> list[str]:
    """The levels of what is listed; there is more than one only where publishing was interrupted."""
    if not target.is_clean_room:
        return [EXCHANGE] if current else []
    names = {
        TEMPLATES
        if target.listings[name].kind == ROUTINE or listing.allow_only_metadata_sharing
        else NOISE
        if target.listings[name].has_noise
        else RULES
        for name, listing in current.items()
    }
    return sorted(names)


def budget_left(target: Target, view: View) -> Iterator[str]:
    """Say what is left of a listed view's privacy budget, as BigQuery tells it."""
    if view.name not in published(target):
        return
    table = find(target.client(view.table).get_table, target.path(view.table))
    policy = (table.to_api_repr().get("view", {}).get("privacyPolicy") if table else None) or {}
    left = policy.get("differentialPrivacyPolicy", {}).get("epsilonBudgetRemaining")
    noise = view.policy.differential_privacy_policy
    whole = f"{noise.epsilon_budget:g}" if noise else ""
    text = f"{whole}, and BigQuery does not tell what is left" if left is None else f"{float(left):g} of {whole} left"
    yield f"  epsilon budget of {view.table}: {text}"
