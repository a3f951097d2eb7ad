"""A sharing (Analytics Hub) API on 127.0.0.1, as strict as its reference says, for the tests of publish.

Its requests and answers are the library's own types. The rules are those of the reference of the API, v1, and of the
page on data clean rooms: which fields are required, which characters a name may have, what cannot be changed.
"""

import re
import zlib
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
MUTABLE = {"display_name", "description", "primary_contact", "documentation", "icon", "discovery_type"}
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
        """Delete an exchange with its listings."""
        get(self.exchanges, request.name)
        del self.exchanges[request.name], self.policies[request.name]
        self.listings = {name: each for name, each in self.listings.items() if not name.startswith(request.name + "/")}
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
        get(self.exchanges, request.parent)
        source = request.listing.bigquery_dataset
        check(re.fullmatch(r"projects/[a-z0-9-]+/datasets/\w+", source.dataset), "bigquery_dataset.dataset")
        check(len(source.selected_resources) == 1, "a data clean room shares a single resource in a listing")
        table = source.selected_resources[0].table
        check(re.fullmatch(re.escape(source.dataset) + r"/tables/\w+", table), "selected_resources")
        listing = sharing.Listing(request.listing, name=f"{request.parent}/listings/{request.listing_id}")
        listing.bigquery_dataset.dataset = with_project_number(source.dataset)
        listing.bigquery_dataset.selected_resources[0].table = with_project_number(table)
        names = [each.bigquery_dataset.selected_resources[0].table.split("/")[-1] for each in self.listings.values()]
        check(listing.name in self.listings or table.split("/")[-1] not in names, "a resource of this name is shared")
        check(listing.restricted_export_config.enabled, "restricted export is always enabled in a data clean room")
        return add(self.listings, request.listing_id, listing)

    def update_listing(self, request: sharing.UpdateListingRequest) -> sharing.Listing:
        """Change what may be changed of a listing."""
        return change(self.listings, request.listing, request.update_mask.paths)

    def delete_listing(self, request: sharing.DeleteListingRequest) -> empty_pb2.Empty:
        """Delete a listing."""
        get(self.listings, request.name)
        del self.listings[request.name]
        return empty_pb2.Empty()

    def get_iam_policy(self, request: iam_policy_pb2.GetIamPolicyRequest) -> policy_pb2.Policy:
        """Get who has which role."""
        return get(self.policies, request.resource)

    def set_iam_policy(self, request: iam_policy_pb2.SetIamPolicyRequest) -> policy_pb2.Policy:
        """Set who has which role; the etag must be that of the policy that was read."""
        current = get(self.policies, request.resource)
        check(request.policy.etag, "a policy without its etag overwrites what others have changed")
        check(request.policy.etag == current.etag, "the policy was changed meanwhile", CODES.ABORTED)
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


def with_project_number(name: str) -> str:
    """Name a resource as the API answers: by its project's number."""
    return re.sub(r"^projects/([^/]+)", lambda project: f"projects/{zlib.crc32(project[1].encode())}", name)


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
    request_type = getattr(sharing, f"{name}Request", None) or getattr(iam_policy_pb2, f"{name}Request")

    def call(request: object, context: grpc.ServicerContext) -> object:
        service.calls.append(name)
        service.meanwhile.pop(name, lambda: None)()
        if name in service.denied:
            context.abort(CODES.PERMISSION_DENIED, f"Permission 'analyticshub.{name}' denied on resource")
        try:
            return getattr(service, method)(request)
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
    methods = [name for name in dir(service) if re.match("(get|create|update|delete|list|set)_", name)]
    handlers = {"".join(part.capitalize() for part in name.split("_")): handler(service, name) for name in methods}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield sharing.AnalyticsHubServiceClient(transport=AnalyticsHubServiceGrpcTransport(channel=channel))
    server.stop(None)
