"""The whole run, as a person starts it."""

from collections.abc import Callable


def test_the_default_run_ends_well(run_main: Callable) -> None:
    run = run_main()
    assert run.returncode == 0, run.stderr
