"""A sharing (Analytics Hub) API on 127.0.0.1, as strict as its reference says, for the tests of publish and subscribe.

Its requests and answers are the library's own types. The rules are those of the reference of the API, v1, and of the
page on data clean rooms: which fields are required, which characters a name may have, what cannot be changed.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from types import SimpleNamespace

import grpc
from google.cloud import bigquery_analyticshub_v1 as sharing
from google.cloud.bigquery_analyticshub_v1.services.analytics_hub_service.transports import (
    AnalyticsHubServiceGrpcTransport,
)
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

OPERATIONS = "google.longrunning.Operations"
SERVICE = "google.cloud.bigquery.analyticshub.v1.AnalyticsHubService"
PARENT = re.compile(r"projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/locations/[a-z0-9-]+")
DISPLAY_NAME = re.compile(r"[\w&-]([\w &-]*[\w&-])?")
STATES = sharing.Subscription.State
LOGGING = "log_linked_dataset_query_user_email"
MUTABLE = {"display_name", "description", "primary_contact", "documentation", "icon", "discovery_type", LOGGING}
CODES = grpc.StatusCode


class Refusal(Exception):  # noqa: N818
    """What the service answers instead of doing what it is asked."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def check(condition: object, message: str, code: grpc.StatusCode = CODES.INVALID_ARGUMENT) -> None:
    """Refuse unless a condition holds."""
    if not condition:
        raise Refusal(code, message)


class SharingService:
    """Exchanges, listings and roles; `calls` are the methods called, `denied` those that the caller may not call.

    Who subscribes is `subscriber`, as BigQuery's SESSION_USER() says; a clean room takes what the request says. Where
    `polls` is false, operations cannot be asked for, and `not_polled` is the code of the answer: GetOperation is in no
    reference of the API.
    """

    def __init__(self) -> None:
        self.exchanges: dict[str, sharing.DataExchange] = {}
        self.listings: dict[str, sharing.Listing] = {}
        self.templates: dict[str, sharing.QueryTemplate] = {}
        self.policies: dict[str, policy_pb2.Policy] = {}
        self.subscriptions: dict[str, sharing.Subscription] = {}
        # What is not finished yet, by the names of the operations; a client has to ask again.
        self.operations: dict[str, operations_pb2.Operation] = {}
        # The subscribers' datasets, linked or not: "project.dataset".
        self.datasets: set[str] = set()
        self.calls: list[str] = []
        self.requests: list[tuple[str, object]] = []
        self.denied: set[str] = set()
        self.subscriber, self.polls = "ann@example.com", True
        self.not_polled = CODES.UNIMPLEMENTED
        # "Delete a query template" does not say with which of the two codes of HTTP 400 a submitted one is kept.
        self.not_a_draft = CODES.FAILED_PRECONDITION
        # Called once before a method: somebody else who changes the same thing meanwhile.
        self.meanwhile: dict[str, Callable[[], None]] = {}

    def changes(self) -> list[str]:
        """The calls that change something."""
        return [call for call in self.calls if not call.startswith(("Get", "List"))]

    def get_data_exchange(self, request: sharing.GetDataExchangeRequest) -> sharing.DataExchange:
        """Get an exchange."""
        return get(self.exchanges, request.name)

    def create_data_exchange(self, request: sharing.CreateDataExchangeRequest) -> sharing.DataExchange:
        """Create an exchange: parent, ID and display name are required."""
        check(PARENT.fullmatch(request.parent), "parent")
        name = f"{request.parent}/dataExchanges/{request.data_exchange_id}"
        exchange = sharing.DataExchange(request.data_exchange, name=name)
        add(self.exchanges, request.data_exchange_id, exchange)
        self.policies[name] = policy_pb2.Policy(version=1, etag=b"0")
        return exchange

    def update_data_exchange(self, request: sharing.UpdateDataExchangeRequest) -> sharing.DataExchange:
        """Change what may be changed of an exchange."""
        return change(self.exchanges, request.data_exchange, request.update_mask.paths)

    def delete_data_exchange(self, request: sharing.DeleteDataExchangeRequest) -> empty_pb2.Empty:
        """Delete an exchange with its listings and templates."""
        get(self.exchanges, request.name)
        del self.exchanges[request.name], self.policies[request.name]
        self.set_state(request.name, STATES.STATE_INACTIVE)
        self.listings, self.templates = (
            {name: each for name, each in resources.items() if not name.startswith(request.name + "/")}
            for resources in (self.listings, self.templates)
        )
        return empty_pb2.Empty()

    def list_listings(self, request: sharing.ListListingsRequest) -> sharing.ListListingsResponse:
        """List an exchange's listings."""
        get(self.exchanges, request.parent)
        listings = [each for name, each in self.listings.items() if name.startswith(request.parent + "/")]
        return sharing.ListListingsResponse(listings=listings)

    def get_listing(self, request: sharing.GetListingRequest) -> sharing.Listing:
        """Get a listing."""
        return get(self.listings, request.name)

    def create_listing(self, request: sharing.CreateListingRequest) -> sharing.Listing:
        """Create a listing; in a data clean room it shares one resource, whose name no other listing shares."""
        exchange = get(self.exchanges, request.parent)
        source = request.listing.bigquery_dataset
        check(re.fullmatch(r"projects/[a-z0-9-]+/datasets/\w+", source.dataset), "bigquery_dataset.dataset")
        if "dcr_exchange_config" not in exchange.sharing_environment_config:
            check(not source.selected_resources, "selected_resources is for data clean rooms")
            listing = sharing.Listing(request.listing, name=f"{request.parent}/listings/{request.listing_id}")
            listing.bigquery_dataset.dataset = with_project_number(source.dataset)
            return add(self.listings, request.listing_id, listing)
        check(len(source.selected_resources) == 1, "a data clean room shares a single resource in a listing")
        resource = source.selected_resources[0]
        kind, table = ("routines", resource.routine) if resource.routine else ("tables", resource.table)
        check(re.fullmatch(re.escape(source.dataset) + rf"/{kind}/\w+", table), "selected_resources")
        listing = sharing.Listing(request.listing, name=f"{request.parent}/listings/{request.listing_id}")
        listing.bigquery_dataset.dataset = with_project_number(source.dataset)
        setattr(listing.bigquery_dataset.selected_resources[0], kind[:-1], with_project_number(table))
        own = [each for name, each in self.listings.items() if name.startswith(request.parent + "/")]
        resources = [each.bigquery_dataset.selected_resources[0] for each in own]
        names = [(each.routine or each.table).split("/")[-1] for each in resources]
        check(listing.name in self.listings or table.split("/")[-1] not in names, "a resource of this name is shared")
        check(listing.restricted_export_config.enabled, "restricted export is always enabled in a data clean room")
        self.set_state(request.parent, STATES.STATE_STALE)
        return add(self.listings, request.listing_id, listing)

    def update_listing(self, request: sharing.UpdateListingRequest) -> sharing.Listing:
        """Change what may be changed of a listing."""
        return change(self.listings, request.listing, request.update_mask.paths)

    def delete_listing(self, request: sharing.DeleteListingRequest) -> empty_pb2.Empty:
        """Delete a listing, and in a plain exchange its linked datasets."""
        get(self.listings, request.name)
        del self.listings[request.name]
        self.set_state(request.name.partition("/listings/")[0], STATES.STATE_STALE)
        # "Manage listings": in a plain exchange, the linked datasets and the subscriptions go with a listing.
        for name, each in list(self.subscriptions.items()):
            if each.listing == with_project_number(request.name):
                self.datasets.discard(dataset_of(each))
                del self.subscriptions[name]
        return empty_pb2.Empty()

    def get_query_template(self, request: sharing.GetQueryTemplateRequest) -> sharing.QueryTemplate:
        """Get a query template."""
        return get(self.templates, request.name)

    def create_query_template(self, request: sharing.CreateQueryTemplateRequest) -> sharing.QueryTemplate:
        """Draft a query template in a data clean room: a table function with one table for a parameter."""
        exchange = get(self.exchanges, request.parent)
        check("dcr_exchange_config" in exchange.sharing_environment_config, "is not a data clean room")
        routine = request.query_template.routine
        check(routine.routine_type == sharing.Routine.RoutineType.TABLE_VALUED_FUNCTION, "routine_type")
        name = re.escape(request.query_template_id)
        check(re.match(rf"{name}\(\w+ TABLE<[^<>]+>\)\s+AS \(", routine.definition_body), "definition_body")
        template = sharing.QueryTemplate(
            request.query_template, name=f"{request.parent}/queryTemplates/{request.query_template_id}", state="DRAFTED"
        )
        if template.name in self.templates and self.templates[template.name].state.name == "DELETED":
            del self.templates[template.name]
        template.routine.definition_body = routine.definition_body.replace("\n", "\n  ")  # as a server may format it
        return add(self.templates, request.query_template_id, template)

    def submit_query_template(self, request: sharing.SubmitQueryTemplateRequest) -> sharing.QueryTemplate:
        """Submit a draft."""
        return self.promote(request.name, "DRAFTED", "PENDING")

    def approve_query_template(self, request: sharing.ApproveQueryTemplateRequest) -> sharing.QueryTemplate:
        """Approve what was submitted, and whose routine is listed."""
        template = get(self.templates, request.name)
        resources = [
            resource for each in self.listings.values() for resource in each.bigquery_dataset.selected_resources
        ]
        shared = [resource.routine for resource in resources]
        check(any(name.endswith(f"/{template.display_name}") for name in shared), "list the routine first")
        return self.promote(request.name, "PENDING", "APPROVED")

    def promote(self, name: str, before: str, after: str) -> sharing.QueryTemplate:
        """Take a query template from a state to the next."""
        template = get(self.templates, name)
        check(template.state.name == before, f"is not {before}", CODES.FAILED_PRECONDITION)
        template.state = after
        return template

    def delete_query_template(self, request: sharing.DeleteQueryTemplateRequest) -> empty_pb2.Empty:
        """Delete a query template: "You can only delete a query template if it is in the DRAFT status"."""
        drafted = get(self.templates, request.name).state.name == "DRAFTED"
        check(drafted, "QueryTemplate must be in DRAFTED state", self.not_a_draft)
        del self.templates[request.name]
        return empty_pb2.Empty()

    def set_state(self, exchange: str, state: sharing.Subscription.State) -> None:
        """Change the state of an exchange's subscriptions; only active ones name their linked datasets."""
        for each in self.subscriptions.values():
            if each.data_exchange == with_project_number(exchange) and each.state != STATES.STATE_INACTIVE:
                each.state = state
                each.linked_resources, each.linked_dataset_map = [], {}
                if state == STATES.STATE_ACTIVE:
                    project, dataset = dataset_of(each).split(".")
                    linked = with_project_number(f"projects/{project}/datasets/{dataset}")
                    names = [with_project_number(name) for name in self.listings if name.startswith(exchange + "/")]
                    each.linked_resources = [{"listing": name, "linked_dataset": linked} for name in names]
                    each.linked_dataset_map = {name: {"linked_dataset": linked} for name in names}

    def subscribe_data_exchange(self, request: sharing.SubscribeDataExchangeRequest) -> operations_pb2.Operation:
        """Subscribe to a data clean room that lists something; makes a linked dataset of a new name.

        The ID of the subscription and its contact are what the request says: the acceptance test of Terraform's
        data_exchange_subscription reads back an address that is nobody's.
        """
        exchange = get(self.exchanges, request.name)
        check("dcr_exchange_config" in exchange.sharing_environment_config, "is not a data clean room")
        check(any(name.startswith(request.name + "/") for name in self.listings), "the exchange has no listings")
        check(PARENT.fullmatch(request.destination), "destination")
        check(re.fullmatch(r"\w+", request.subscription), "subscription")
        location = request.destination.split("/")[-1]
        check(request.destination_dataset.location.lower() == location, "destination_dataset.location")
        subscription = sharing.Subscription(
            name=f"{with_project_number(request.destination)}/subscriptions/{request.subscription}",
            data_exchange=with_project_number(request.name),
            destination_dataset=request.destination_dataset,
            subscriber_contact=request.subscriber_contact,
            creation_time="2025-09-23T00:00:00Z",
        )
        dataset, is_taken = dataset_of(subscription), subscription.name in self.subscriptions
        check(not is_taken, f"Already Exists: {subscription.name}", CODES.ALREADY_EXISTS)
        check(dataset not in self.datasets, f"Already Exists: Dataset {dataset}", CODES.ALREADY_EXISTS)
        self.datasets.add(dataset)
        self.subscriptions[subscription.name] = subscription
        self.set_state(request.name, STATES.STATE_ACTIVE)
        return self.start(sharing.SubscribeDataExchangeResponse(subscription=subscription))

    def subscribe_listing(self, request: sharing.SubscribeListingRequest) -> sharing.SubscribeListingResponse:
        """Subscribe to a listing of a plain exchange; makes a linked dataset of a new name."""
        listing = get(self.listings, request.name)
        exchange = get(self.exchanges, request.name.partition("/listings/")[0])
        check("dcr_exchange_config" not in exchange.sharing_environment_config, "subscribe to the data clean room")
        check(not listing.allow_only_metadata_sharing, "is not subscribable")
        reference = request.destination_dataset.dataset_reference
        check(request.destination_dataset.location, "destination_dataset.location")
        parent = f"projects/{reference.project_id}/locations/{request.destination_dataset.location.lower()}"
        subscription = sharing.Subscription(
            name=f"{with_project_number(parent)}/subscriptions/{len(self.subscriptions) + 1}",
            listing=with_project_number(request.name),
            destination_dataset=request.destination_dataset,
            subscriber_contact=self.subscriber,
            state=STATES.STATE_ACTIVE,
        )
        dataset = dataset_of(subscription)
        check(dataset not in self.datasets, f"Already Exists: Dataset {dataset}", CODES.ALREADY_EXISTS)
        self.datasets.add(dataset)
        self.subscriptions[subscription.name] = subscription
        return sharing.SubscribeListingResponse(subscription=subscription)

    def list_subscriptions(self, request: sharing.ListSubscriptionsRequest) -> sharing.ListSubscriptionsResponse:
        """List a project's subscriptions. How a filter names another project is not documented: none is taken."""
        check(PARENT.fullmatch(request.parent), "parent")
        check(not request.filter, "filter")
        parent = with_project_number(request.parent) + "/"
        own = [each for name, each in self.subscriptions.items() if name.startswith(parent)]
        return sharing.ListSubscriptionsResponse(subscriptions=own)

    def get_subscription(self, request: sharing.GetSubscriptionRequest) -> sharing.Subscription:
        """Get a subscription."""
        return get(self.subscriptions, request.name)

    def list_shared_resource_subscriptions(
        self, request: sharing.ListSharedResourceSubscriptionsRequest
    ) -> sharing.ListSharedResourceSubscriptionsResponse:
        """List the subscriptions of all subscribers to an exchange or a listing."""
        get(self.listings if "/listings/" in request.resource else self.exchanges, request.resource)
        name = with_project_number(request.resource)
        them = [each for each in self.subscriptions.values() if name in (each.data_exchange, each.listing)]
        return sharing.ListSharedResourceSubscriptionsResponse(shared_resource_subscriptions=them)

    def revoke_subscription(self, request: sharing.RevokeSubscriptionRequest) -> sharing.RevokeSubscriptionResponse:
        """Revoke a subscription: its linked dataset cannot be read any more."""
        subscription = get(self.subscriptions, request.name)
        subscription.state = STATES.STATE_INACTIVE
        subscription.linked_resources, subscription.linked_dataset_map = [], {}
        return sharing.RevokeSubscriptionResponse()

    def refresh_subscription(self, request: sharing.RefreshSubscriptionRequest) -> operations_pb2.Operation:
        """Refresh a subscription that is not inactive."""
        subscription = get(self.subscriptions, request.name)
        check(subscription.state != STATES.STATE_INACTIVE, "is inactive", CODES.FAILED_PRECONDITION)
        [exchange] = [name for name in self.exchanges if with_project_number(name) == subscription.data_exchange]
        self.set_state(exchange, STATES.STATE_ACTIVE)
        return self.start(sharing.RefreshSubscriptionResponse(subscription=subscription))

    def delete_subscription(self, request: sharing.DeleteSubscriptionRequest) -> operations_pb2.Operation:
        """Delete a subscription with its linked dataset."""
        self.datasets.remove(dataset_of(get(self.subscriptions, request.name)))
        del self.subscriptions[request.name]
        return self.start(empty_pb2.Empty())

    def start(self, response: object) -> operations_pb2.Operation:
        """Start an operation, which is done when it is asked for."""
        name = f"operations/{len(self.operations)}"
        self.operations[name] = operations_pb2.Operation(name=name, done=True)
        self.operations[name].response.Pack(getattr(type(response), "pb", lambda message: message)(response))
        return operations_pb2.Operation(name=name)

    def get_operation(self, request: operations_pb2.GetOperationRequest) -> operations_pb2.Operation:
        """Get an operation, if that is possible."""
        check(self.polls, "Method not found.", self.not_polled)
        return get(self.operations, request.name)

    def get_iam_policy(self, request: iam_policy_pb2.GetIamPolicyRequest) -> policy_pb2.Policy:
        """Get who has which role; below version 3, conditions are left out and the names of such roles are altered."""
        policy = policy_pb2.Policy()
        policy.CopyFrom(get(self.policies, request.resource))
        for binding in policy.bindings if request.options.requested_policy_version < 3 else []:
            if binding.HasField("condition"):
                policy.version, binding.role = 1, f"{binding.role}_withcond_1"
                binding.ClearField("condition")
        return policy

    def set_iam_policy(self, request: iam_policy_pb2.SetIamPolicyRequest) -> policy_pb2.Policy:
        """Set who has which role; the etag must be that of the policy that was read."""
        current = get(self.policies, request.resource)
        check(request.policy.etag, "a policy without its etag overwrites what others have changed")
        check(request.policy.etag == current.etag, "the policy was changed meanwhile", CODES.ABORTED)
        for binding in request.policy.bindings:
            check(re.fullmatch(r"roles/[a-z]+\.[A-Za-z]+", binding.role), "role")
            check(not binding.HasField("condition") or request.policy.version == 3, "conditions need version 3")
            check(binding.members, "a binding has members")
            for member in binding.members:
                check(re.fullmatch(r"(user|group|serviceAccount|domain):\S+", member), f"member {member}")
        policy = policy_pb2.Policy()
        policy.CopyFrom(request.policy)
        policy.etag = b"%d" % (int(current.etag) + 1)
        self.policies[request.resource] = policy
        return policy


def with_project_number(name: str) -> str:
    """Name a resource as the API answers: by its project's number."""
    return re.sub(r"^projects/([^/]+)", lambda project: f"projects/{zlib.crc32(project[1].encode())}", name)


def dataset_of(subscription: sharing.Subscription) -> str:
    """The linked dataset of a subscription: "project.dataset"."""
    reference = subscription.destination_dataset.dataset_reference
    check(re.fullmatch(r"\w+", reference.dataset_id), "destination_dataset.dataset_reference")
    return f"{reference.project_id}.{reference.dataset_id}"


def get[T](resources: dict[str, T], name: str) -> T:
    """Get a resource that exists."""
    check(name in resources, f"{name} not found", CODES.NOT_FOUND)
    return resources[name]


def add[T: (sharing.DataExchange, sharing.Listing)](resources: dict[str, T], resource_id: str, resource: T) -> T:
    """Add a resource that does not exist. Its ID has Unicode letters, numbers and underscores; at most 100 bytes."""
    check(re.fullmatch(r"\w+", resource_id) and len(resource_id.encode()) <= 100, f"id {resource_id!r}")
    check_display_name(resource)
    check(resource.name not in resources, f"{resource.name} already exists", CODES.ALREADY_EXISTS)
    resources[resource.name] = resource
    return resource


def change[T: (sharing.DataExchange, sharing.Listing)](resources: dict[str, T], changes: T, paths: list[str]) -> T:
    """Change the fields that a mask names, if they may be changed."""
    resource = get(resources, changes.name)
    check(paths, "update_mask is required")
    for path in paths:
        check(path in MUTABLE, f"{path} cannot be changed")
        check(path != LOGGING or getattr(changes, path), "an email sharing mandate cannot be taken back")
        setattr(resource, path, getattr(changes, path))
    check_display_name(resource)
    return resource


def check_display_name(resource: sharing.DataExchange | sharing.Listing) -> None:
    """Required; letters, numbers, underscores, dashes, spaces and ampersands; at most 63 bytes."""
    name = resource.display_name
    check(DISPLAY_NAME.fullmatch(name) and len(name.encode()) <= 63, f"display_name {name!r}")


def handler(service: SharingService, method: str) -> grpc.RpcMethodHandler:
    """Take the requests of a method, such as get_listing, to the service."""
    name = "".join(part.capitalize() for part in method.split("_"))
    request_type = next(
        getattr(module, f"{name}Request")
        for module in (sharing, iam_policy_pb2, operations_pb2)
        if hasattr(module, f"{name}Request")
    )

    def call(request: object, context: grpc.ServicerContext) -> object:
        service.calls.append(name)
        service.requests.append((name, request))
        if name in service.denied:
            context.abort(CODES.PERMISSION_DENIED, f"Permission 'analyticshub.{name}' denied on resource")
        try:
            service.meanwhile.pop(name, lambda: None)()
            return getattr(service, method)(request)
        except Refusal as refusal:
            if name.startswith("Delete") and refusal.code == CODES.NOT_FOUND:
                service.calls.pop()  # it changed nothing
            return context.abort(refusal.code, refusal.message)

    deserialize = getattr(request_type, "deserialize", None) or request_type.FromString

    def serialize(answer: object) -> bytes:
        return answer.SerializeToString() if hasattr(answer, "SerializeToString") else type(answer).serialize(answer)

    return grpc.unary_unary_rpc_method_handler(call, deserialize, serialize)


def asked_by(service: SharingService) -> SimpleNamespace:
    """A client of BigQuery's that is asked for SESSION_USER()."""
    return SimpleNamespace(query=lambda _: SimpleNamespace(result=lambda: [(service.subscriber,)]))


@contextmanager
def serving(service: SharingService) -> Iterator[sharing.AnalyticsHubServiceClient]:
    """Serve on a free port; yields a client."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    methods = [
        name
        for name in dir(service)
        if re.match("(get|create|update|delete|list|set|subscribe|refresh|revoke|submit|approve)_", name)
    ]
    methods.remove("set_state")
    handlers = {"".join(part.capitalize() for part in name.split("_")): handler(service, name) for name in methods}
    server.add_generic_rpc_handlers(
        tuple(grpc.method_handlers_generic_handler(name, handlers) for name in (SERVICE, OPERATIONS))
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with connected_to(f"127.0.0.1:{port}") as client:
        yield client
    server.stop(None)


@contextmanager
def connected_to(address: str) -> Iterator[sharing.AnalyticsHubServiceClient]:
    """Connect to what is at an address, without TLS."""
    with grpc.insecure_channel(address) as channel:
        yield sharing.AnalyticsHubServiceClient(transport=AnalyticsHubServiceGrpcTransport(channel=channel))
