"""The calls of Google's SQL engine: each runs in a thread of the engine's own, so that it can be stopped."""

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from google.protobuf import empty_pb2
from wasmtime import Trap, WasmtimeError
from zetasql import types
from zetasql.core.exceptions import ZetaSQLError
from zetasql.core.local_service import ZetaSqlLocalService
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2

from dcr_data_generator.clean_room.analysis_rules import patches
from dcr_data_generator.clean_room.analysis_rules.cells import write_cell
from dcr_data_generator.clean_room.analysis_rules.lineage import NotUnderstood
from dcr_data_generator.errors import UserError
from dcr_data_generator.parallel import run_in_parallel

# Of a statement's @parameters, by name.
type Values = Mapping[str, str | None]
# The rows of tables, by the names of the catalog.
type Contents = dict[str, local_service_pb2.TableContent]


CONTENT = re.compile(r"One or more tables being queried do\(es\) not have its/their content set\. \[(.*)\]", re.DOTALL)


class TookTooLong(NotUnderstood):
    """There is no answer within the time that is given for it."""


# The engines of this process, the package's own first: one runs on one core.
services: dict[int, ZetaSqlLocalService] = {}


def start(number: int = 0) -> ZetaSqlLocalService:
    """Start an engine, once per process.

    Raises:
        UserError: zetasql is another version than the one wanted, or there is no memory for the engine.
    """
    patches.apply()
    if number not in services:
        # In a thread: compiling takes long, and the main thread has to hear Ctrl-C and the deadline.
        make = ZetaSqlLocalService.get_instance if number == 0 else ZetaSqlLocalService
        try:
            [services[number]] = run_in_parallel(lambda start_once: start_once(), [make])
        except WasmtimeError as error:
            if "Cannot allocate memory" not in str(error):
                raise
            raise UserError(
                "Google's SQL engine cannot reserve the 4 GiB of memory that it needs: raise the limit (`ulimit -v`)"
            ) from None
    return services[number]


class Engine:
    """An engine, and what it has: a catalog with its tables' rows, by its number.

    Since then, the catalog may have new names, and some tables changed rows.

    What waits for a call can be interrupted; then the call is stopped, and another engine takes its place.
    """

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.home = self.service
        self.thread = ThreadPoolExecutor(1, f"GoogleSQL {number}")
        self.registered = 0
        self.new: set[str] = set()
        self.changed: set[str] = set()
        self.end: float | None = None  # until when a call may take, by time.monotonic()

    @property
    def service(self) -> ZetaSqlLocalService:
        """The engine as it is now."""
        return start(self.number)

    def register(
        self, catalog: types.SimpleCatalog, contents: Contents, text: str = "", tables: Collection[str] = ()
    ) -> int:
        """Send the catalog and all rows to the engine, where it does not have a text's names or some tables' rows yet.

        Returns: the number of the catalog. Rows are sent once, and not with each query.
        """
        if self.home is not self.service:
            self.home, self.registered = self.service, 0
        if any(name in text for name in self.new) or not self.changed.isdisjoint(tables):
            self.unregister()
        if not self.registered:
            request = local_service_pb2.RegisterCatalogRequest(simple_catalog=catalog.to_proto())
            for name, content in contents.items():
                request.table_content[name].CopyFrom(content)
                request.table_content[name].table_data.SetInParent()
            self.registered = self.call("RegisterCatalog", request, local_service_pb2.RegisterResponse).registered_id
            self.new.clear()
            self.changed.clear()
        return self.registered

    def unregister(self) -> None:
        """Let the engine forget the tables."""
        if self.registered and self.home is self.service:
            self.call("UnregisterCatalog", local_service_pb2.UnregisterRequest(registered_id=self.registered))
        self.registered = 0

    def evaluate(
        self, request: types.PrepareQueryRequest, values: Sequence[Values]
    ) -> tuple[list[Any], list[local_service_pb2.TableContent]]:
        """Evaluate a query for each set of values; returns its columns, which have a name and a type, and its rows."""
        prepared = self.call("PrepareQuery", request.to_proto(), local_service_pb2.PrepareQueryResponse).prepared
        number, service = prepared.prepared_query_id, self.service
        contents = []
        try:
            for each in values:
                evaluation = local_service_pb2.EvaluateQueryRequest(prepared_query_id=number)
                for name, value in each.items():
                    write_cell(evaluation.params.add(name=name).value, value)
                response = self.call("EvaluateQuery", evaluation, local_service_pb2.EvaluateQueryResponse)
                contents.append(response.content)
        finally:
            if service is self.service:
                self.call("UnprepareQuery", local_service_pb2.UnprepareQueryRequest(prepared_query_id=number))
        return list(prepared.columns), contents

    def call(self, method: str, request: object, response: type = empty_pb2.Empty) -> Any:  # noqa: ANN401
        """Call a method of the engine by its name."""
        return self.run(self.service.wasm_client.call_grpc_func, f"ZetaSqlLocalService_{method}", request, response)

    def run(self, function: Callable, *arguments: object, **named: object) -> Any:  # noqa: ANN401
        """Run a function that calls the engine, until it returns or something interrupts this thread.

        Raises:
            TookTooLong: the time is over.
        """
        with explained():
            calling = self.thread.submit(function, *arguments, **named)
            try:
                return calling.result(None if self.end is None else max(self.end - time.monotonic(), 0))
            except BaseException as error:
                if calling.done():
                    raise
                self.stop()
                with suppress(Exception):
                    calling.result(timeout=10)  # it ends at once
                if isinstance(error, TimeoutError):
                    raise TookTooLong("there is no answer within the time that was given for it") from None
                raise

    def stop(self) -> None:
        """Stop what the engine is doing. Its memory is of no use after that, so the next call starts another one."""
        self.home.wasm_client.store.engine.increment_epoch()
        if services.get(self.number) is self.home:
            del services[self.number]
            if self.number == 0:
                del ZetaSqlLocalService._instance


@contextmanager
def explained() -> Iterator[None]:
    """Say what the engine says, without its codes."""
    try:
        yield
    except Trap:
        raise NotUnderstood("Google's SQL engine fails on this query") from None
    except ZetaSQLError as error:
        text = str(error).removeprefix("[INVALID_ARGUMENT] ").removeprefix("[OUT_OF_RANGE] ").splitlines()[0]
        text = text.replace("[UNIMPLEMENTED] ", "this cannot be evaluated here: ")
        if found := CONTENT.fullmatch(text):  # whatever the engine cannot evaluate, it takes for a table without rows
            text = f"this cannot be evaluated here: {found[1]}"
        raise NotUnderstood(text.replace("$differential_privacy_", "")) from None
