"""Publishes the clean room on Google Cloud, and takes it away again: the steps in order, with the roles that they take.

Source: "Share sensitive data with data clean rooms" and "Authorized views" in BigQuery's documentation. A clean room is
a data exchange with a dcrExchangeConfig; each of its listings shares one view, which is authorized on what it reads.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from google.api_core.exceptions import Forbidden
from pydantic import SecretStr

from dcr_data_generator.clean_room import datasets, exchange
from dcr_data_generator.clean_room.plan import Plan
from dcr_data_generator.clean_room.salt import SALT_TABLE
from dcr_data_generator.clean_room.shared import Shared
from dcr_data_generator.errors import UserError
from dcr_data_generator.tables import FIVE_TABLES

ADMIN = "Analytics Hub Admin (roles/analyticshub.admin) on project {project}"
USER = "BigQuery User (roles/bigquery.user) on project {project}"
OWNER = "BigQuery Data Owner (roles/bigquery.dataOwner) on dataset {dataset}"


class Step(NamedTuple):
    """A call: its name as --dry-run prints it, what makes it, and the role that it takes."""

    call: str
    make: Callable[[], str | None]
    role: str

    def take(self) -> str | None:
        """Make the call; returns what it did, or None: it was so already.

        Raises:
            UserError: Google Cloud does not allow it.
        """
        try:
            return self.make()
        except Forbidden as error:
            if "SERVICE_DISABLED" in str(error) or "has not been used" in str(error):
                advice = "run `gcloud services enable analyticshub.googleapis.com` in that project"
            else:
                advice = f"ask for the role {self.role}"
            raise UserError(f"{self.call} is denied ({one_line(error)}): {advice}") from None


def to_publish(plan: Plan, salt: SecretStr) -> list[Step]:
    """The steps that publish, each of which stands on those before it."""
    return [
        *[look_for(plan, table) for table in FIVE_TABLES],
        *[make_dataset(plan, room) for room in plan.rooms],
        *[put_salt(plan, source, salt) for source in plan.sources],
        *[step for view in plan.views for step in (make_view(plan, view), authorize(plan, view))],
        make_exchange(plan),
        *[make_listing(plan, view) for view in plan.views],
        let_in(plan),
    ]


def to_unpublish(plan: Plan) -> list[Step]:
    """The steps that take away what was published, and nothing else, in the opposite order."""
    return [
        *[drop_listing(plan, view) for view in reversed(plan.views)],
        drop_exchange(plan),
        *[step for view in reversed(plan.views) for step in (authorize_no_more(plan, view), drop_view(plan, view))],
        *[drop_salt(plan, source) for source in plan.sources],
        *[drop_dataset(plan, room) for room in plan.rooms],
    ]


def look_for(plan: Plan, table: str) -> Step:
    """A party's own table must be there."""
    source, _, name = table.partition(".")
    call = f"bigquery.tables.get {plan.path(source)}.{name}"
    return Step(call, partial(datasets.find, plan, source, name), owner(plan, source))


def make_dataset(plan: Plan, room: str) -> Step:
    """A dataset for a party's views."""
    call = f"bigquery.datasets.insert {plan.path(room)} in {plan.location}"
    return Step(call, partial(datasets.make_dataset, plan, room), USER.format(project=plan.project(room)))


def put_salt(plan: Plan, source: str, salt: SecretStr) -> Step:
    """The salt beside a party's own tables."""
    call = f"bigquery.jobs.insert load {plan.path(source)}.{SALT_TABLE}, one row"
    return Step(call, partial(datasets.put_salt, plan, source, salt), owner(plan, source))


def make_view(plan: Plan, view: Shared) -> Step:
    """A view."""
    call = f"bigquery.jobs.insert CREATE OR REPLACE VIEW {plan.path(view.dataset)}.{view.name}"
    return Step(call, partial(datasets.make_view, plan, view), owner(plan, view.dataset))


def authorize(plan: Plan, view: Shared) -> Step:
    """A view's authorization on what it reads."""
    call = f"bigquery.datasets.patch {plan.path(view.source)}: view {view.dataset}.{view.name} may read it"
    return Step(call, partial(datasets.authorize, plan, view), owner(plan, view.source))


def make_exchange(plan: Plan) -> Step:
    """The data clean room."""
    call = f"analyticshub.dataExchanges.create {plan.exchange}, a data clean room"
    return Step(call, partial(exchange.make_exchange, plan), admin(plan))


def make_listing(plan: Plan, view: Shared) -> Step:
    """A view's listing."""
    egress = "results may be exported" if plan.allow_egress else "results may not be exported"
    call = f"analyticshub.listings.create {plan.listing(view)}, {egress}"
    return Step(call, partial(exchange.make_listing, plan, view), f"{admin(plan)}, and {owner(plan, view.dataset)}")


def let_in(plan: Plan) -> Step:
    """The subscribers' roles."""
    subscribers = ", ".join(plan.subscribers) or "nobody"
    call = f"analyticshub.dataExchanges.setIamPolicy {plan.exchange}: the subscribers are {subscribers}"
    return Step(call, partial(exchange.let_in, plan), admin(plan))


def drop_listing(plan: Plan, view: Shared) -> Step:
    """A view's listing goes."""
    call = f"analyticshub.listings.delete {plan.listing(view)}"
    return Step(call, partial(exchange.drop_listing, plan, view), admin(plan))


def drop_exchange(plan: Plan) -> Step:
    """The data clean room goes."""
    call = f"analyticshub.dataExchanges.delete {plan.exchange}"
    return Step(call, partial(exchange.drop_exchange, plan), admin(plan))


def authorize_no_more(plan: Plan, view: Shared) -> Step:
    """A view's authorization goes."""
    call = f"bigquery.datasets.patch {plan.path(view.source)}: view {view.dataset}.{view.name} may not read it"
    return Step(call, partial(datasets.authorize_no_more, plan, view), owner(plan, view.source))


def drop_view(plan: Plan, view: Shared) -> Step:
    """A view goes."""
    call = f"bigquery.tables.delete {plan.path(view.dataset)}.{view.name}"
    return Step(call, partial(datasets.drop_table, plan, view.dataset, view.name), owner(plan, view.dataset))


def drop_salt(plan: Plan, source: str) -> Step:
    """The salt goes."""
    call = f"bigquery.tables.delete {plan.path(source)}.{SALT_TABLE}"
    return Step(call, partial(datasets.drop_table, plan, source, SALT_TABLE), owner(plan, source))


def drop_dataset(plan: Plan, room: str) -> Step:
    """A dataset for views goes."""
    call = f"bigquery.datasets.delete {plan.path(room)}"
    return Step(call, partial(datasets.drop_dataset, plan, room), owner(plan, room))


def owner(plan: Plan, dataset: str) -> str:
    """The role that owns a dataset."""
    return OWNER.format(dataset=plan.path(dataset))


def admin(plan: Plan) -> str:
    """The role that owns data clean rooms."""
    return ADMIN.format(project=plan.projects["merchant"])


def one_line(error: Exception) -> str:
    """What Google Cloud says, in one line."""
    return " ".join(str(getattr(error, "message", error)).split())
