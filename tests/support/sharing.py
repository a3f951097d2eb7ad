"""A sharing (Analytics Hub) API on 127.0.0.1, as strict as the reference says, for the tests of publish.

Its requests and answers are the library's own types. The rules are those that the reference of the API, v1, and the
page on data clean rooms give: which fields are required, which characters a name may have, what cannot be changed.
"""

import re
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager

import grpc
from google.cloud import bigquery_analyticshub_v1 as sharing
from google.cloud.bigquery_analyticshub_v1.services.analytics_hub_service.transports import (
    AnalyticsHubServiceGrpcTransport,
)
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.protobuf import empty_pb2

SERVICE = "google.cloud.bigquery.analyticshub.v1.AnalyticsHubService"
PARENT = re.compile(r"projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/locations/[a-z0-9-]+")
DISPLAY_NAME = re.compile(r"[\w&-]([\w &-]*[\w&-])?")
MUTABLE = {
    "data_exchange": {"display_name", "description", "primary_contact", "documentation", "icon", "discovery_type"},
    "listing": {
        "display_name",
        "description",
        "primary_contact",
        "documentation",
        "icon",
        "categories",
        "discovery_type",
    },
}
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
    """Exchanges, listings and roles; `calls` are the methods called, `denied` those that the caller may not call."""

    def __init__(self) -> None:
        self.exchanges: dict[str, sharing.DataExchange] = {}
        self.listings: dict[str, sharing.Listing] = {}
        self.policies: dict[str, policy_pb2.Policy] = {}
        self.calls: list[str] = []
        self.denied: set[str] = set()
        # Called before a method, once: somebody else who gets in between.
        self.meanwhile: dict[str, Callable[[], None]] = {}

    def changes(self) -> list[str]:
        """The calls that change something."""
        return [call for call in self.calls if not call.startswith(("Get", "List"))]

    def get_data_exchange(self, request: sharing.GetDataExchangeRequest) -> sharing.DataExchange:
        """Find an exchange."""
        check(request.name in self.exchanges, f"{request.name} not found", CODES.NOT_FOUND)
        return self.exchanges[request.name]

    def create_data_exchange(self, request: sharing.CreateDataExchangeRequest) -> sharing.DataExchange:
        """Create an exchange: parent, id and display name are required."""
        check(PARENT.fullmatch(request.parent), "parent")
        check_id(request.data_exchange_id)
        check_display_name(request.data_exchange.display_name)
        name = f"{request.parent}/dataExchanges/{request.data_exchange_id}"
        check(name not in self.exchanges, f"{name} already exists", CODES.ALREADY_EXISTS)
        exchange = sharing.DataExchange(request.data_exchange, name=name)
        if "dcr_exchange_config" in exchange.sharing_environment_config:
            exchange.sharing_environment_config.dcr_exchange_config.single_selected_resource_sharing_restriction = True
        self.exchanges[name], self.policies[name] = exchange, policy_pb2.Policy(version=1, etag=b"0")
        return exchange

    def update_data_exchange(self, request: sharing.UpdateDataExchangeRequest) -> sharing.DataExchange:
        """Change what may be changed of an exchange."""
        return change(self.exchanges, "data_exchange", request.data_exchange, request.update_mask.paths)

    def delete_data_exchange(self, request: sharing.DeleteDataExchangeRequest) -> empty_pb2.Empty:
        """Delete an exchange with its listings."""
        check(request.name in self.exchanges, "not found", CODES.NOT_FOUND)
        del self.exchanges[request.name], self.policies[request.name]
        self.listings = {name: each for name, each in self.listings.items() if not name.startswith(request.name + "/")}
        return empty_pb2.Empty()

    def list_listings(self, request: sharing.ListListingsRequest) -> sharing.ListListingsResponse:
        """List an exchange's listings."""
        check(request.parent in self.exchanges, "not found", CODES.NOT_FOUND)
        listings = [each for name, each in self.listings.items() if name.startswith(request.parent + "/")]
        return sharing.ListListingsResponse(listings=listings)

    def get_listing(self, request: sharing.GetListingRequest) -> sharing.Listing:
        """Find a listing."""
        check(request.name in self.listings, f"{request.name} not found", CODES.NOT_FOUND)
        return self.listings[request.name]

    def create_listing(self, request: sharing.CreateListingRequest) -> sharing.Listing:
        """Create a listing; a data clean room's has a single resource, with a name of its own."""
        check(request.parent in self.exchanges, "the data exchange is not found", CODES.NOT_FOUND)
        check_id(request.listing_id)
        check_display_name(request.listing.display_name)
        source = request.listing.bigquery_dataset
        check(re.fullmatch(r"projects/[a-z0-9-]+/datasets/\w+", source.dataset), "bigquery_dataset.dataset")
        tables = [resource.table for resource in source.selected_resources]
        check(len(tables) == 1, "a data clean room shares a single resource in a listing")
        check(re.fullmatch(re.escape(source.dataset) + r"/tables/\w+", tables[0]), "selected_resources")
        name = f"{request.parent}/listings/{request.listing_id}"
        check(name not in self.listings, f"{name} already exists", CODES.ALREADY_EXISTS)
        shared = [each.bigquery_dataset.selected_resources[0].table.split("/")[-1] for each in self.listings.values()]
        check(tables[0].split("/")[-1] not in shared, "a resource of this name is shared already")
        listing = sharing.Listing(request.listing, name=name, state=sharing.Listing.State.ACTIVE)
        listing.restricted_export_config.restrict_direct_table_access = listing.restricted_export_config.enabled
        self.listings[name] = listing
        return listing

    def update_listing(self, request: sharing.UpdateListingRequest) -> sharing.Listing:
        """Change what may be changed of a listing."""
        return change(self.listings, "listing", request.listing, request.update_mask.paths)

    def delete_listing(self, request: sharing.DeleteListingRequest) -> empty_pb2.Empty:
        """Delete a listing."""
        check(self.listings.pop(request.name, None), "not found", CODES.NOT_FOUND)
        return empty_pb2.Empty()

    def get_iam_policy(self, request: iam_policy_pb2.GetIamPolicyRequest) -> policy_pb2.Policy:
        """Who has which role."""
        check(request.resource in self.policies, "not found", CODES.NOT_FOUND)
        return self.policies[request.resource]

    def set_iam_policy(self, request: iam_policy_pb2.SetIamPolicyRequest) -> policy_pb2.Policy:
        """Say who has which role; the etag must be that of the policy that was read."""
        check(request.resource in self.policies, "not found", CODES.NOT_FOUND)
        current = self.policies[request.resource]
        check(request.policy.etag, "a policy without its etag overwrites what others have changed")
        check(request.policy.etag == current.etag, "the policy was changed in between", CODES.ABORTED)
        for binding in request.policy.bindings:
            check(binding.role.startswith("roles/"), "role")
            check(binding.members, "a binding has members")
            for member in binding.members:
                check(re.fullmatch(r"(user|group|serviceAccount|domain):\S+", member), f"member {member}")
        policy = policy_pb2.Policy()
        policy.CopyFrom(request.policy)
        policy.etag = b"%d" % (int(current.etag) + 1)
        self.policies[request.resource] = policy
        return policy


def check_id(name: str) -> None:
    """Unicode letters, numbers and underscores; at most 100 bytes."""
    check(re.fullmatch(r"\w+", name) and len(name.encode()) <= 100, f"id {name!r}")


def check_display_name(name: str) -> None:
    """Required; letters, numbers, underscores, dashes, spaces and ampersands; at most 63 bytes."""
    check(DISPLAY_NAME.fullmatch(name) and len(name.encode()) <= 63, f"display_name {name!r}")


def change(resources: dict, kind: str, given: object, paths: list[str]) -> object:
    """Change the fields that a mask names, if they may be changed."""
    check(given.name in resources, "not found", CODES.NOT_FOUND)
    check(paths, "update_mask is required")
    for path in paths:
        check(path in MUTABLE[kind], f"{path} cannot be changed")
        setattr(resources[given.name], path, getattr(given, path))
    check_display_name(resources[given.name].display_name)
    return resources[given.name]


METHODS = {
    "GetDataExchange": sharing.GetDataExchangeRequest,
    "CreateDataExchange": sharing.CreateDataExchangeRequest,
    "UpdateDataExchange": sharing.UpdateDataExchangeRequest,
    "DeleteDataExchange": sharing.DeleteDataExchangeRequest,
    "ListListings": sharing.ListListingsRequest,
    "GetListing": sharing.GetListingRequest,
    "CreateListing": sharing.CreateListingRequest,
    "UpdateListing": sharing.UpdateListingRequest,
    "DeleteListing": sharing.DeleteListingRequest,
    "GetIamPolicy": iam_policy_pb2.GetIamPolicyRequest,
    "SetIamPolicy": iam_policy_pb2.SetIamPolicyRequest,
}


def handler(service: SharingService, name: str, request_type: type) -> grpc.RpcMethodHandler:
    """Take a method's requests to the service."""
    method = getattr(service, re.sub("(?<!^)([A-Z])", r"_\1", name).lower())

    def call(request: object, context: grpc.ServicerContext) -> object:
        service.calls.append(name)
        service.meanwhile.pop(name, lambda: None)()
        if name in service.denied:
            context.abort(CODES.PERMISSION_DENIED, f"Permission 'analyticshub.{name}' denied on resource")
        try:
            return method(request)
        except Refusal as refusal:
            return context.abort(refusal.code, refusal.message)

    deserialize = getattr(request_type, "deserialize", None) or request_type.FromString

    def serialize(answer: object) -> bytes:
        return answer.SerializeToString() if hasattr(answer, "SerializeToString") else type(answer).serialize(answer)

    return grpc.unary_unary_rpc_method_handler(call, deserialize, serialize)


@contextmanager
def serving(service: SharingService) -> Iterator[sharing.AnalyticsHubServiceClient]:
    """Serve on a free port; yields a client."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    handlers = {name: handler(service, name, request_type) for name, request_type in METHODS.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield sharing.AnalyticsHubServiceClient(transport=AnalyticsHubServiceGrpcTransport(channel=channel))
    server.stop(None)
