"""What a file's name says: ``<feed>_<region>_<YYYYMMDD>[_full|_delta].<ext>``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from hub.errors import InvalidInput
from schema.feeds import Mode

_NAME: Final = re.compile(
    r"(?P<feed>[a-z][a-z0-9_]*?)_(?P<region>\d{6}|\d{9}|\d{12})_(?P<day>\d{8})(?:_(?P<mode>full|delta))?(?:\.\w+)+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FileName:
    """Parts of a name; None where it does not say."""

    feed: str | None = None
    region_code: str | None = None
    as_of: date | None = None
    mode: Mode | None = None


def parse_file_name(name: str) -> FileName:
    """Sender, region and day from a file's name; nothing from a name of another form."""
    found = _NAME.fullmatch(name)
    if found is None:
        return FileName()
    try:
        as_of = date.fromisoformat(found["day"])
    except ValueError:
        as_of = None
    mode: Mode | None = {"full": "full", "delta": "delta"}.get((found["mode"] or "").lower())  # type: ignore[assignment]  # the two modes
    return FileName(found["feed"].lower(), found["region"].ljust(12, "0"), as_of, mode)


def read_paths(paths: Iterable[Path]) -> list[Path]:
    """The files to take in, oldest day first: a directory stands for those in its ``feeds``, or else in itself.

    Raises
    ------
    InvalidInput
        ``path_missing``.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            folder = path / "feeds" if (path / "feeds").is_dir() else path
            files += [item for item in folder.iterdir() if item.is_file() and not item.name.startswith((".", "~$"))]
        elif path.is_file():
            files.append(path)
        else:
            raise InvalidInput(
                "path_missing", f"There is no {path.name!r}.", hint="Give files or a directory of files."
            )
    return sorted(files, key=lambda item: (parse_file_name(item.name).as_of or date.max, item.name))
