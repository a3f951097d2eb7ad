"""The names of this computer. Requests for another host are refused, against DNS rebinding."""

from collections.abc import Callable, Collection

LOCALHOST = "127.0.0.1"
HOSTS = LOCALHOST, "localhost"


def is_ours(host: str, allowed: Collection[str] = ()) -> bool:
    """Whether a request was sent to this computer, or to a forwarded name of it; `host` may have a port."""
    return host.partition(":")[0].lower() in (*HOSTS, *allowed)


def warn(allowed: Collection[str], warning: Callable[[str], None], what: str) -> None:
    """Warn of what everybody does who reaches a forwarded name."""
    for host in allowed:
        warning(f"everybody who reaches {host} {what}: forward it to yourself only")
