"""What Google's discovery documents say of a request: its method, path, query and body.

The documents are the static ones of google-api-python-client. A request of the sharing API's gRPC client is put into
the form that the REST API has for it, by the names of its fields.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from google.protobuf.json_format import MessageToDict

DOCUMENTS = files("googleapiclient.discovery_cache.documents")
REQUIRED = re.compile(r"\[?Required\b(?! (for|if|when))")
INTEGERS = {"int32", "uint32", "int64", "uint64"}
# Where the file of a load is uploaded, it has no address.
UPLOADED = "JobConfigurationLoad.sourceUris"
# BigQuery's own client sends the values of parameters as numbers, too.
LENIENT = "parameterValue.value"
# The methods of the sharing API by those of its gRPC service, where the last word of the name is not enough.
EXCHANGES = "projects.locations.dataExchanges"
RESOURCES = {
    "DataExchange": EXCHANGES,
    "Listing": f"{EXCHANGES}.listings",
    "QueryTemplate": f"{EXCHANGES}.queryTemplates",
    "Subscription": "projects.locations.subscriptions",
}
VERBS = {"Update": "patch"}


class Request(NamedTuple):
    """A request of a REST API."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any] | None


@cache
def document(name: str) -> dict[str, Any]:
    """Read a discovery document, such as bigquery.v2."""
    return json.loads((DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))


@cache
def methods(name: str) -> dict[str, dict[str, Any]]:
    """The methods of a document, by their names with their resources."""

    def walk(resource: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, method in resource.get("methods", {}).items():
            yield f"{prefix}{key}", method
        for key, inner in resource.get("resources", {}).items():
            yield from walk(inner, f"{prefix}{key}.")

    return dict(walk(document(name), ""))


def of_http(method: str, url: str, body: bytes | str | None) -> Request:
    """A request as it was sent to BigQuery; what is uploaded has no body here."""
    parts = urlsplit(url)
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    if "multipart" in parts.query:  # the metadata is the first part
        text = re.search(r"\{.*?\}(?=\r\n--)", text, re.DOTALL).group()
    content = json.loads(text) if text.startswith("{") else None
    return Request(method, parts.path, dict(parse_qsl(parts.query)), content)


def of_grpc(name: str, message: Any) -> tuple[str, Request]:  # noqa: ANN401
    """The method of a request to the sharing API, such as CreateListing, and what it is over REST."""
    fields = MessageToDict(getattr(type(message), "pb", lambda each: each)(message))
    key = rest_name(name, fields)
    method = methods("analyticshub.v1")[key]
    kind = method.get("request", {}).get("$ref", "")
    # A resource is the body as a whole; the name in it is in the path.
    whole = next((field for field in fields if field[:1].upper() + field[1:] == kind), None)
    body = fields.pop(whole) if whole else None
    parameters, query, path = method["parameters"], {}, ""
    for parameter, about in parameters.items():
        value = (body or {}).pop("name") if parameter == "name" and whole and "name" in body else None
        value = fields.pop(parameter, value)
        if about["location"] == "path":
            assert re.match(about["pattern"], value), f"{key}: {parameter} {value}"
            path = method["path"].replace(f"{{+{parameter}}}", value)
        elif value is not None:
            query[parameter] = value
    return key, Request(method["httpMethod"], f"/{path}", query, body if whole else (fields if kind else None))


def rest_name(name: str, fields: Mapping[str, Any]) -> str:
    """The name of a method of the sharing API over REST."""
    resource = RESOURCES["Listing"] if "/listings/" in fields.get("resource", "") else EXCHANGES
    if name.endswith("IamPolicy") or name == "ListSharedResourceSubscriptions":
        verb = name[:1].lower() + name[1:]
        return f"{resource}.{verb.replace('SharedResource', '')}"
    verb, noun = re.fullmatch(r"([A-Z][a-z]+)([A-Z]\w+?)s?", name).groups()
    return f"{RESOURCES[noun]}.{VERBS.get(verb, verb.lower())}"


def find(name: str, request: Request) -> tuple[str, dict[str, Any]] | None:
    """Find the method of a request."""
    base = document(name)["servicePath"]
    for key, method in methods(name).items():
        uploads = method.get("mediaUpload", {}).get("protocols", {}).values()
        templates = [f"/{base}{method.get('flatPath', method['path'])}", *(each["path"] for each in uploads)]
        patterns = [re.sub(r"\\\{\+?\w+\\\}", "[^/:]+", re.escape(each).replace(r"\+", "+")) for each in templates]
        if method["httpMethod"] == request.method and any(re.fullmatch(each, request.path) for each in patterns):
            return key, method
    return None


def problems(name: str, request: Request) -> list[str]:
    """Say what of a request is not as the document says."""
    found = find(name, request)
    if not found:
        return [f"no method {request.method} {unquote(request.path)}"]
    key, method = found
    known = document(name)["parameters"] | method.get("parameters", {})
    sentences = [f"{key}: no parameter {each}" for each in request.query.keys() - known.keys() - {"upload_id"}]
    needed = {each for each, about in method.get("parameters", {}).items() if about.get("required")}
    sentences += [
        f"{key}: parameter {each} is missing"
        for each in needed - request.query.keys()
        if known[each]["location"] == "query"
    ]
    if mask := request.query.get("updateMask"):
        schema = document(name)["schemas"][method["request"]["$ref"]]
        sentences += [f"{key}: no field {each}" for each in mask.split(",") if each not in schema["properties"]]
    if request.body is None:
        return sentences
    if "request" not in method:
        return [*sentences, f"{key}: takes no body"]
    is_whole = request.method != "PATCH"
    return [*sentences, *of_object(name, method["request"]["$ref"], request.body, key, is_whole)]


def of_object(name: str, kind: str, value: object, place: str, is_whole: bool) -> Iterator[str]:
    """Say what of an object is not as its schema says; one that changes another need not be whole."""
    properties = document(name)["schemas"][kind].get("properties", {})
    if not isinstance(value, Mapping):
        yield f"{place}: {value!r} is no {kind}"
        return
    for field in value.keys() - properties.keys():
        yield f"{place}: no field {field} in {kind}"
    for field, about in properties.items():
        text = about.get("description", "")
        if field not in value:
            if is_whole and REQUIRED.match(text) and f"{kind}.{field}" != UPLOADED:
                yield f"{place}: {kind}.{field} is missing"
        elif about.get("readOnly"):
            yield f"{place}: {kind}.{field} is read-only"
        elif value[field] is not None:
            yield from of_value(name, about, value[field], f"{place}.{field}", is_whole)


def of_value(name: str, about: Mapping[str, Any], value: Any, place: str, is_whole: bool) -> Iterator[str]:  # noqa: ANN401
    """Say what of a value is not of its type."""
    if "$ref" in about:
        yield from of_object(name, about["$ref"], value, place, is_whole)
        return
    if about["type"] == "array":
        for each in value if isinstance(value, list) else [value]:
            yield from of_value(name, about["items"], each, place, is_whole)
        return
    if about["type"] == "object" and "additionalProperties" in about:
        for key, each in value.items():
            yield from of_value(name, about["additionalProperties"], each, f"{place}.{key}", is_whole)
        return
    is_integer = about.get("format") in INTEGERS and re.fullmatch(r"-?\d+", str(value))
    kinds = {"string": str, "boolean": bool, "integer": int, "number": int | float, "object": dict, "any": object}
    is_bytes = about.get("format") == "byte"
    is_lenient = place.endswith(LENIENT)
    if not (is_integer or is_bytes or is_lenient) and not isinstance(value, kinds[about["type"]]):
        yield f"{place}: {value!r} is no {about['type']}"
    if "enum" in about and value not in about["enum"]:
        yield f"{place}: {value!r} is not one of {', '.join(about['enum'])}"
