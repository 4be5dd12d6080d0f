"""What the wheel brings: everything that the program reads beside its code."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("schema", "matching", "hub", "simulate", "app", "migrations")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=_ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_everything_of_the_packages_travels_in_the_wheel(names: set[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *_PACKAGES], cwd=_ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    kept = {name for name in listed if name}
    assert kept, "the test runs in a clone"
    assert not sorted(kept - names)


@pytest.mark.parametrize(
    "part",
    [
        "migrations/0001",
        "schema/feeds/",
        "schema/rules/",
        "schema/data/regions.csv",
        "schema/access.toml",
        "hub/identity/models/",
        "hub/api/static/graphiql/",
        "app/pages/templates/",
        "app/pages/operations/",
        "app/pages/static/style.css",
    ],
)
def test_these_parts_do(names: set[str], part: str) -> None:
    assert any(name.startswith(part) for name in names)


def test_the_command_is_declared(names: set[str]) -> None:
    assert any(name.endswith("entry_points.txt") for name in names)
