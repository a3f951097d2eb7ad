"""What Google's SQL engine has answered once: tests ask it the same of the same tables again and again."""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from zetasql.core.wasm_client import WasmClient
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2

SERVICE = "ZetaSqlLocalService_"
REGISTER, UNREGISTER = f"{SERVICE}RegisterCatalog", f"{SERVICE}UnregisterCatalog"
# These depend on their request alone, which names a catalog by its number.
PURE = (f"{SERVICE}Analyze", f"{SERVICE}Parse")
KEPT = 10
MOST_ANSWERS = 2000  # the attacks ask tens of thousands


class Remembered:
    """The answers of one engine, and its catalogs, of which it keeps the last that nobody uses."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, bytes], bytes] = {}
        self.catalogs: OrderedDict[bytes, bytes] = OrderedDict()
        self.uses: Counter[int] = Counter()

    def call(self, client: WasmClient, method: str, request: bytes) -> bytes:
        """Answer a request as the engine does."""
        if method == REGISTER:
            if request not in self.catalogs:
                self.catalogs[request] = ask(client, method, request)
            self.catalogs.move_to_end(request)
            self.uses[number_of(self.catalogs[request])] += 1
            return self.catalogs[request]
        if method == UNREGISTER:
            self.uses[local_service_pb2.UnregisterRequest.FromString(request).registered_id] -= 1
            unused = [each for each, answer in self.catalogs.items() if not self.uses[number_of(answer)]]
            for each in unused[:-KEPT]:
                number = number_of(self.catalogs.pop(each))
                ask(client, method, local_service_pb2.UnregisterRequest(registered_id=number).SerializeToString())
            return b""
        if method not in PURE:
            return ask(client, method, request)
        if (method, request) not in self.answers:
            if len(self.answers) == MOST_ANSWERS:
                self.answers.clear()
            self.answers[method, request] = ask(client, method, request)
        return self.answers[method, request]


def number_of(answer: bytes) -> int:
    return local_service_pb2.RegisterResponse.FromString(answer).registered_id


ask = WasmClient._call_grpc_method


@contextmanager
def remembering() -> Iterator[None]:
    """Let each engine remember what it was asked."""
    engines: defaultdict[WasmClient, Remembered] = defaultdict(Remembered)

    def call(client: WasmClient, method: str, request: bytes) -> bytes:
        return engines[client].call(client, method, request)

    with mock.patch.object(WasmClient, "_call_grpc_method", call):
        yield
