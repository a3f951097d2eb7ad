"""The sharing side of publishing: the data clean room, its listings, and its subscribers.

Source: "Share sensitive data with data clean rooms" in BigQuery's documentation, and the reference of the sharing
(Analytics Hub) API, v1. Each function brings about what it says, however often it is called; it returns what it did, or
None: it was so already.
"""

from collections.abc import Callable

from google.api_core.exceptions import Aborted, AlreadyExists, NotFound
from google.cloud import bigquery_analyticshub_v1 as sharing
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.protobuf import field_mask_pb2

from dcr_data_generator.clean_room.plan import EXCHANGE_ID, Plan
from dcr_data_generator.clean_room.shared import Shared
from dcr_data_generator.errors import UserError

EXCHANGE_NAME = "E-commerce merchant and e-wallet provider"
EXCHANGE_DESCRIPTION = "The clean room of a merchant and an e-wallet provider, made by dcr_data_generator."
# What a data clean room subscriber has, by the page on data clean rooms.
SUBSCRIBER_ROLES = ("roles/analyticshub.subscriber", "roles/analyticshub.subscriptionOwner")
# How often to try again when somebody else changes the same thing at the same time.
TRIES = 5
SECONDS = 60


def make_exchange(plan: Plan) -> str | None:
    """Create the data clean room, or give it back its name and description."""
    wanted = sharing.DataExchange(
        display_name=EXCHANGE_NAME,
        description=EXCHANGE_DESCRIPTION,
        sharing_environment_config=sharing.SharingEnvironmentConfig(
            dcr_exchange_config=sharing.SharingEnvironmentConfig.DcrExchangeConfig()
        ),
    )
    client = plan.sharing_client()
    try:
        found = client.get_data_exchange(name=plan.exchange, timeout=SECONDS)
    except NotFound:
        try:
            client.create_data_exchange(
                sharing.CreateDataExchangeRequest(
                    parent=plan.parent, data_exchange_id=EXCHANGE_ID, data_exchange=wanted
                ),
                timeout=SECONDS,
            )
        except AlreadyExists:
            return make_exchange(plan)
        return "created"
    if "dcr_exchange_config" not in found.sharing_environment_config:
        raise UserError(f"{plan.exchange} is no data clean room, and cannot become one: delete it, then run again")
    return update(client.update_data_exchange, "data_exchange", plan.exchange, found, wanted)


def make_listing(plan: Plan, view: Shared) -> str | None:
    """List a view; what it shares and whether results may be exported cannot be changed, so that it is listed anew."""
    project = plan.project(view.dataset)
    dataset = f"projects/{project}/datasets/{view.dataset}"
    source = sharing.Listing.BigQueryDatasetSource
    wanted = sharing.Listing(
        display_name=view.name,
        description=view.description,
        bigquery_dataset=source(
            dataset=dataset, selected_resources=[source.SelectedResource(table=f"{dataset}/tables/{view.name}")]
        ),
        restricted_export_config=sharing.Listing.RestrictedExportConfig(
            enabled=not plan.allow_egress, restrict_query_result=not plan.allow_egress
        ),
    )
    client = plan.sharing_client()
    try:
        found = client.get_listing(name=plan.listing(view), timeout=SECONDS)
    except NotFound:
        try:
            client.create_listing(
                sharing.CreateListingRequest(parent=plan.exchange, listing_id=view.name, listing=wanted),
                timeout=SECONDS,
            )
        except AlreadyExists:
            return make_listing(plan, view)
        return "created"
    if not is_same_source(found, wanted):
        client.delete_listing(name=plan.listing(view), timeout=SECONDS)
        make_listing(plan, view)
        return "listed anew: whoever has subscribed has to subscribe again"
    return update(client.update_listing, "listing", plan.listing(view), found, wanted)


def is_same_source(found: sharing.Listing, wanted: sharing.Listing) -> bool:
    """Whether a listing shares the same view, and its results may leave as they should."""
    tables = [[resource.table for resource in each.bigquery_dataset.selected_resources] for each in (found, wanted)]
    exports = [each.restricted_export_config.restrict_query_result for each in (found, wanted)]
    return tables[0] == tables[1] and exports[0] == exports[1]


def update(call: Callable, field: str, name: str, found: object, wanted: object) -> str | None:
    """Change the fields that differ, by a mask that names them."""
    paths = [path for path in ("display_name", "description") if getattr(found, path) != getattr(wanted, path)]
    if not paths:
        return None
    resource = type(wanted)(name=name, **{path: getattr(wanted, path) for path in paths})
    call(**{field: resource, "update_mask": field_mask_pb2.FieldMask(paths=paths), "timeout": SECONDS})
    return "changed"


def let_in(plan: Plan) -> str | None:
    """Give the subscribers their roles on the clean room, and take them from anyone else; other roles stay."""
    client = plan.sharing_client()
    for _ in range(TRIES):
        policy = client.get_iam_policy(iam_policy_pb2.GetIamPolicyRequest(resource=plan.exchange), timeout=SECONDS)
        before = {role: members_of(policy, role) for role in SUBSCRIBER_ROLES}
        if all(members == set(plan.subscribers) for members in before.values()):
            return None
        kept = [binding for binding in policy.bindings if binding.role not in SUBSCRIBER_ROLES]
        roles = SUBSCRIBER_ROLES if plan.subscribers else ()
        given = [policy_pb2.Binding(role=role, members=sorted(plan.subscribers)) for role in roles]
        wanted = policy_pb2.Policy(version=policy.version, etag=policy.etag, bindings=[*kept, *given])
        try:
            request = iam_policy_pb2.SetIamPolicyRequest(resource=plan.exchange, policy=wanted)
            client.set_iam_policy(request, timeout=SECONDS)
        except Aborted:  # somebody else changed the policy in between: its etag tells
            continue
        return "changed"
    raise UserError(f"the roles on {plan.exchange} are being changed by somebody else: run again")


def members_of(policy: policy_pb2.Policy, role: str) -> set[str]:
    """Who has a role."""
    return {member for binding in policy.bindings if binding.role == role for member in binding.members}


def drop_listing(plan: Plan, view: Shared) -> str | None:
    """Take a view out of the clean room."""
    try:
        plan.sharing_client().delete_listing(name=plan.listing(view), timeout=SECONDS)
    except NotFound:
        return None
    return "deleted"


def drop_exchange(plan: Plan) -> str | None:
    """Delete the data clean room, unless somebody else lists something in it."""
    client = plan.sharing_client()
    try:
        if list(client.list_listings(parent=plan.exchange, timeout=SECONDS)):
            return "left: it has other listings"
        client.delete_data_exchange(name=plan.exchange, timeout=SECONDS)
    except NotFound:
        return None
    return "deleted"
