"""The calls that publish and unpublish make, in their order.

Every call can be made again: it changes only what differs. Nothing is deleted before its substitute is there, except
where that has the same name: a view or a listing that cannot be changed is created again. What cannot be undone comes
last: query templates that are submitted, which may be refused, then linked datasets that go with a plain exchange, then
subscriptions that are revoked.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pydantic import SecretStr

from dcr_data_generator.clean_room.publish.calls import Call
from dcr_data_generator.clean_room.publish.change import check_change, check_removal
from dcr_data_generator.clean_room.publish.on_bigquery import (
    check_table,
    create_dataset,
    create_view,
    delete_dataset,
    delete_table,
    load_salt,
    set_authorization,
)
from dcr_data_generator.clean_room.publish.on_sharing import (
    create_exchange,
    create_listing,
    delete_exchange,
    delete_listing,
    find_others,
    grant_subscribers,
    revoke,
)
from dcr_data_generator.clean_room.publish.target import Target, Template, datasets_of
from dcr_data_generator.clean_room.publish.templates import (
    approve,
    check_template,
    create_function,
    delete_function,
    delete_template,
    draft,
    submit,
)
from dcr_data_generator.clean_room.settings import TEMPLATES, PublishSettings
from dcr_data_generator.clean_room.views import View
from dcr_data_generator.tables import FIVE_TABLES, suffixed

USER = "BigQuery User (roles/bigquery.user) on project {}"
TEMPLATE_CREATOR = "Analytics Hub Subscriber (roles/analyticshub.subscriber) on the same project"


def calls_to_publish(target: Target, other: Target, settings: PublishSettings, secret: SecretStr) -> Iterator[Call]:
    """List the calls that publish a level in the place of any other; each relies on those before it."""
    level, allow_egress = settings.level, settings.allow_egress
    templates, listings = target.templates_of(level), target.listings_of(level)
    for table in [suffixed(table, target.suffix) for table in FIVE_TABLES]:
        text = f"bigquery.tables.get {target.path(table)}"
        yield Call(text, partial(check_table, target, table), target.owner(table))
    text = (
        f"analyticshub.listings.list {target.exchange} and {other.exchange}, what {level} takes away from subscribers"
    )
    check = partial(check_change, (target, other), level, allow_egress, settings.yes)
    yield Call(text, check, target.admin)
    for template in templates:
        text = f"analyticshub.queryTemplates.get {target.template(template.name)}"
        yield Call(text, partial(check_template, target, template), target.admin)
    yield from calls_on_bigquery(target, level, settings.keys.normalize, secret)
    text = f"analyticshub.dataExchanges.create {target.exchange}, a {target.in_words}"
    text += ", who asks is logged" if settings.log_subscribers else ""
    yield Call(text, partial(create_exchange, target, settings.log_subscribers), target.admin)
    for listing in listings:
        text = f"analyticshub.listings.create {target.listing(listing.name)}"
        text += f", results {'can' if allow_egress else 'cannot'} be exported"
        text += ", metadata only" if listing.has_only_metadata else ""
        role = f"{target.admin}, and {target.owner(listing.dataset)}"
        yield Call(text, partial(create_listing, target, listing, allow_egress), role)
    for template in templates:  # a draft, which can be deleted again
        yield call_on_template(target, template, "create", draft)
    yield from calls_to_remove_other_levels(target, level)
    subscribers = sorted(set(settings.subscriber))
    names = ", ".join(subscribers) or "none"
    text = f"analyticshub.dataExchanges.setIamPolicy {target.exchange}, subscribers: {names}"
    yield Call(text, partial(grant_subscribers, target, subscribers), target.admin)
    for template in templates:
        yield call_on_template(target, template, "submit", submit)
        yield call_on_template(target, template, "approve", approve)
    yield from calls_to_unpublish(other)
    text = f"analyticshub.dataExchanges.listSubscriptions {target.exchange}, subscriptions.revoke of all others"
    others: dict[str, str] = {}
    yield Call(text, partial(find_others, target, subscribers, others), target.admin)
    for name, who in others.items():  # known once the call before was made; one at a time, so that each is printed
        yield Call(f"analyticshub.subscriptions.revoke {name}, of {who}", partial(revoke, target, name), target.admin)


def call_on_template(
    target: Target, template: Template, verb: str, make: Callable[[Target, Template], str | None]
) -> Call:
    text = f"analyticshub.queryTemplates.{verb} {target.template(template.name)}"
    return Call(text, partial(make, target, template), f"{target.admin}, and {TEMPLATE_CREATOR}")


def calls_on_bigquery(target: Target, level: str, normalizer: str, secret: SecretStr) -> Iterator[Call]:
    """List the calls that create what is shared, and allow it to read the parties' own tables."""
    shared, templates = target.views_of(level), target.templates_of(level)
    for dataset in [*datasets_of(shared), *datasets_of(templates)]:
        text = f"bigquery.datasets.insert {target.path(dataset)} in {target.location}"
        yield Call(text, partial(create_dataset, target, dataset), USER.format(target.project(dataset)))
    for table in target.salt_tables:
        text = f"bigquery.jobs.insert load {target.path(table)}, one row: emails normalized by {normalizer}"
        yield Call(text, partial(load_salt, target, table, secret, normalizer), target.owner(table))
    for view in target.keys:
        text = f"bigquery.jobs.insert CREATE [OR REPLACE] VIEW {target.path(view.table)}"
        yield Call(text, partial(create_view, target, view), target.owner(view.table))
        yield call_to_authorize(target, view)
    for view in shared:
        text = f"bigquery.jobs.insert CREATE [OR REPLACE] VIEW {target.path(view.table)}"
        text += ", deleted first, with its listing, if its policy cannot be changed" if target.is_clean_room else ""
        role = f"{target.owner(view.table)}, {target.owner(view.source)}, and {target.admin}"
        yield Call(text, partial(create_view, target, view), role)
        yield call_to_authorize(target, view)
    for template in templates:
        text = f"bigquery.jobs.insert CREATE OR REPLACE TABLE FUNCTION {target.path(template.table)}"
        yield Call(text, partial(create_function, target, template), target.owner(template.table))
        yield call_to_authorize(target, template)


def calls_to_remove_other_levels(target: Target, level: str) -> Iterator[Call]:
    """List the calls that remove what a level does not share, of what the others share in the same room."""
    wanted, shared = {each.name for each in target.listings_of(level)}, {view.name for view in target.views_of(level)}
    templates = [] if target.templates_of(level) else all_templates(target)
    names = [name for name in target.listings if name not in wanted]
    unshared = [view for view in target.views if view.name not in shared]
    yield from calls_to_remove(target, templates, names, unshared)
    needed = {*datasets_of(target.views_of(level)), *datasets_of(target.templates_of(level))}
    for dataset in dict.fromkeys([*datasets_of(templates), *datasets_of(unshared)]):
        if dataset not in needed:
            yield call_to_delete_dataset(target, dataset)


def calls_to_unpublish(target: Target) -> Iterator[Call]:
    """List the calls that remove what was published, whatever its level, in the opposite order."""
    templates = all_templates(target)
    yield from calls_to_remove(target, templates, [*reversed(target.listings)], target.views, removes_exchange=True)
    for view in reversed(target.keys):
        yield call_not_to_authorize(target, view)
        yield call_to_delete(target, view.table)
    for table in target.salt_tables:
        yield call_to_delete(target, table)
    for dataset in [*datasets_of(templates), *datasets_of(target.views)]:
        yield call_to_delete_dataset(target, dataset)


def calls_to_remove(
    target: Target,
    templates: Sequence[Template],
    listings: Sequence[str],
    unshared: Sequence[View],
    removes_exchange: bool = False,
) -> Iterator[Call]:
    """List the calls that remove templates, listings and views, from what is seen to what is behind it."""
    for template in templates:
        text = f"analyticshub.queryTemplates.delete {target.template(template.name)}, if it is a draft"
        yield Call(text, partial(delete_template, target, template), target.admin, clears_up=True)
    for name in listings:
        text = f"analyticshub.listings.delete {target.listing(name)}"
        yield Call(text, partial(delete_listing, target, name), target.admin, clears_up=True)
    if removes_exchange:
        text = f"analyticshub.dataExchanges.delete {target.exchange}"
        yield Call(text, partial(delete_exchange, target), target.admin, clears_up=True)
    for template in templates:
        yield call_not_to_authorize(target, template)
        text = f"bigquery.routines.delete {target.path(template.table)}"
        yield Call(text, partial(delete_function, target, template), target.owner(template.table), clears_up=True)
    for view in reversed(unshared):
        yield call_not_to_authorize(target, view)
        yield call_to_delete(target, view.table)


def all_templates(target: Target) -> list[Template]:
    """The templates of the level that has any."""
    return target.templates_of(TEMPLATES)


def call_to_check_removal(target: Target, is_agreed: bool) -> Call:
    text = f"analyticshub.dataExchanges.listSubscriptions {target.exchange}"
    return Call(text, partial(check_removal, target, is_agreed), target.admin, clears_up=True)


def call_to_authorize(target: Target, reader: View | Template) -> Call:
    text = f"bigquery.datasets.patch {target.path(reader.source)}, authorize {kind_of(reader)} {reader.table}"
    return Call(text, partial(set_authorization, target, reader, True), target.owner(reader.source))


def call_not_to_authorize(target: Target, reader: View | Template) -> Call:
    text = f"bigquery.datasets.patch {target.path(reader.source)}, do not authorize {kind_of(reader)} {reader.table}"
    return Call(text, partial(set_authorization, target, reader, False), target.owner(reader.source), clears_up=True)


def kind_of(reader: View | Template) -> str:
    return "view" if isinstance(reader, View) else "routine"


def call_to_delete(target: Target, table: str) -> Call:
    text = f"bigquery.tables.delete {target.path(table)}"
    return Call(text, partial(delete_table, target, table), target.owner(table), clears_up=True)


def call_to_delete_dataset(target: Target, dataset: str) -> Call:
    text = f"bigquery.datasets.delete {target.path(dataset)}, if it is empty"
    return Call(text, partial(delete_dataset, target, dataset), target.owner(dataset), clears_up=True)
