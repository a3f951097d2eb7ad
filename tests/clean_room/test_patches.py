"""What is changed in ZetaSQL's package: it is there to be changed, and the changes do what they are for."""

import threading
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from wasmtime import Config, Trap, WasmtimeError
from zetasql import types
from zetasql.api import Parser
from zetasql.core import wasm_client
from zetasql.core.wasm_client import WasmClient

from dcr_data_generator.clean_room.analysis_rules import patches, service
from dcr_data_generator.errors import UserError


def start_small_client(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: str = "", home: str | None = None
) -> WasmClient:
    """Start the package's client on a module with a page of shared memory, as the engine has it; its cache is here."""
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, home or str(folder))
    module = folder / "small.wat"
    module.write_text(f'(module (memory (export "memory") 1 1 shared){code})', encoding="utf-8")
    return WasmClient(str(module))


def test_the_changes_are_written_for_the_versions_that_are_installed() -> None:
    pin = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["clean-room"]
    assert f"zetasql=={patches.ZETASQL}" in pin
    versions = f"zetasql {version('zetasql')} and wasmtime {version('wasmtime').partition('.')[0]}"
    assert versions in str(patches.__doc__)


@pytest.mark.parametrize(("config", "is_cached"), [(None, True), (Config, False)])
def test_what_is_compiled_is_cached(
    config: type | None, is_cached: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patches.apply()
    if config:  # as the package has it
        monkeypatch.setattr(wasm_client, "Config", config)
    start_small_client(tmp_path, monkeypatch)
    assert any(tmp_path.rglob("modules/**/*")) == is_cached


@pytest.mark.parametrize("home", ["/dev/null/nobody", None])
def test_without_a_home_it_is_compiled_each_time(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patches.apply()
    made = Config.cache.fset

    def set_cache(config: Config, value: bool) -> None:  # as for a user whom nobody knows
        if home is None:
            raise WasmtimeError("config file not specified and failed to get the default")
        made(config, value)

    monkeypatch.setattr(patches.CachedConfig, "cache", property(fset=set_cache))
    client = start_small_client(tmp_path, monkeypatch, '(func (export "seven") (result i32) (i32.const 7))', home)
    assert client.exports["seven"](client.store) == 7


def test_what_has_no_memory_to_start_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise WasmtimeError(
            "mmap failed to reserve 0x104000000 bytes\n\nCaused by:\n    Cannot allocate memory (os error 12)"
        )

    monkeypatch.setattr(service, "services", {})
    monkeypatch.setattr(service.ZetaSqlLocalService, "get_instance", fail)
    with pytest.raises(UserError, match="cannot reserve the 4 GiB of memory"):
        service.start()


def test_code_that_never_ends_is_stopped_from_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patches.apply()
    client = start_small_client(tmp_path, monkeypatch, '(func (export "run") (loop (br 0)))')
    stopping = threading.Thread(target=client.store.engine.increment_epoch)
    stopping.start()
    with pytest.raises(Trap, match="interrupt"):
        client.exports["run"](client.store)
    stopping.join()


def test_bytes_are_copied_into_the_memory_and_out_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patches.apply()
    client = start_small_client(tmp_path, monkeypatch)
    client.write_bytes(8, b"a\0b")
    assert bytes(client.memory.data_ptr()[7:12]) == b"\0a\0b\0"
    assert client.read_bytes(8, 3) == b"a\0b"


def test_the_engine_is_asked_and_answers_by_these_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    service.start()
    copied: list[str] = []
    for name in ("write_bytes", "read_bytes"):
        copy = getattr(patches, name)
        monkeypatch.setattr(WasmClient, name, lambda *each, copy=copy: copied.append(copy.__name__) or copy(*each))
    assert isinstance(Parser(types.LanguageOptions()).parse_statement("SELECT 1"), types.ASTStatement)
    assert copied == ["write_bytes", "read_bytes", "read_bytes"]  # the answer's size, and the answer


@pytest.mark.parametrize(("place", "size"), [(0, 1), (-1, 2), (1 << 31, 1), (1, 1 << 40)])
def test_nothing_is_copied_beyond_the_engines_memory(place: int, size: int) -> None:
    client = service.start().wasm_client
    for copy in (client.read_bytes, lambda place, size: client.write_bytes(place, bytes(min(size, 1 << 26)))):
        with pytest.raises(UserError, match="fewer --days"):
            copy(place, size)


def test_what_the_engine_cannot_allocate_is_one_line() -> None:
    client = service.start().wasm_client
    assert client.allocate_bytes(0xFFFF_FFFF) == 0
    with pytest.raises(UserError, match="do not fit into the memory"):
        client.write_bytes(client.allocate_bytes(0xFFFF_FFFF), b"a")


@pytest.mark.parametrize("name", ["Config", "Store", "WasmClient.read_bytes", "WasmClient.write_bytes"])
def test_a_private_name_that_has_changed_is_one_line_with_the_version_that_is_wanted(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(f"zetasql.core.wasm_client.{name}")
    with pytest.raises(UserError, match=rf"needs zetasql {patches.ZETASQL}, .* `uv sync --group clean-room`"):
        service.start()
