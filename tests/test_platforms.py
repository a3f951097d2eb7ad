"""The platforms that the README names are those for which every locked package has a wheel."""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from packaging.markers import Marker

ROOT = Path(__file__).parents[1]
README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
SENTENCE = re.search(r"All packages have wheels for (.*?); not for (.*?)\. ", README)
PYTHON = r"-(cp312-cp312|cp3\d+-abi3|py3-none|py2\.py3-none)-"
WINDOWS, MAC, LINUX = "win32", "darwin", "linux"
# By the README's words: the tag of a wheel, the system and the machine.
PLATFORMS = {
    "Linux on x86_64 and": (r"manylinux\w*_x86_64", LINUX, "x86_64"),
    "and aarch64": (r"manylinux\w*_aarch64", LINUX, "aarch64"),
    "macOS on Apple silicon": (r"macosx_\d+_\d+_(arm64|universal2)", MAC, "arm64"),
    "Windows on x86_64": (r"win_amd64", WINDOWS, "AMD64"),
    "macOS on Intel": (r"macosx_\d+_\d+_(x86_64|universal2)", MAC, "x86_64"),
    "Windows on ARM": (r"win_arm64", WINDOWS, "ARM64"),
    "Alpine": (r"musllinux\w*_x86_64", LINUX, "x86_64"),
}


def packages_without_a_wheel(tag: str, system: str, machine: str) -> set[str]:
    """The packages that `uv run` installs on a platform, and for which it would need a compiler there."""
    packages = defaultdict(list)
    for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]:
        packages[package["name"]].append(package)
    names = {WINDOWS: ("Windows", "nt"), MAC: ("Darwin", "posix"), LINUX: ("Linux", "posix")}[system]
    place = {"sys_platform": system, "platform_machine": machine, "platform_system": names[0], "os_name": names[1]}
    place |= {"python_full_version": "3.12.1", "python_version": "3.12"}
    place |= {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    [project] = packages["dcr-data-generator"]
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]["default-groups"]
    wanted = [*project["dependencies"], *(each for group in groups for each in project["dev-dependencies"][group])]
    installed, missing = set(), set()
    while wanted:
        wish = wanted.pop()
        keys = {(wish["name"], ""), *((wish["name"], extra) for extra in wish.get("extra", []))} - installed
        if not keys or ("marker" in wish and not Marker(wish["marker"]).evaluate(place)):
            continue
        installed |= keys
        for package in packages[wish["name"]]:
            wanted += package.get("dependencies", [])
            wanted += [each for _, extra in keys for each in package.get("optional-dependencies", {}).get(extra, [])]
        files = [each["url"].rpartition("/")[2] for package in packages[wish["name"]] for each in package["wheels"]]
        if not any(each.endswith("-none-any.whl") or re.search(PYTHON + rf".*{tag}", each) for each in files):
            missing.add(wish["name"])
    assert len(installed) > 60
    return missing


@pytest.mark.parametrize("words", PLATFORMS)
def test_the_readme_names_the_platforms_for_which_every_package_has_a_wheel(words: str) -> None:
    works, fails = SENTENCE.groups()
    assert (words in works) != (words in fails)
    assert (packages_without_a_wheel(*PLATFORMS[words]) == set()) == (words in works)
