"""Runs the steps of a client's script, and prints one line for each: its name, and `works` or what went wrong.

A script takes the address that `dcr serve` prints, and a folder with an export.
"""

import re
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

PROJECT, URL, EXPORTED = "dcr-demo", sys.argv[1], sys.argv[2]


def connect() -> bigquery.Client:
    """The client that `dcr serve` prints as an example."""
    return bigquery.Client(PROJECT, AnonymousCredentials(), client_options={"api_endpoint": URL})


def run(*steps: Callable[[], None]) -> None:
    """Run the steps in their order, whichever of them fail."""
    warnings.simplefilter("ignore")
    script = Path(sys.argv[0]).read_text(encoding="utf-8")
    [package] = re.findall(r'^# dependencies = \["([\w-]+)', script, re.MULTILINE)
    print(f"version\t{package} {version(package)}", flush=True)
    for step in steps:
        try:
            step()
            outcome = "works"
        except Exception as error:  # what a client raises is what this is about
            outcome = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
        print(f"{step.__name__.replace('_', ' ')}\t{outcome:.500}", flush=True)
