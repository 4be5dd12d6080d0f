"""The layouts of departmental files: data beside this module, and more from a directory of the installation."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from schema.feeds.fields import FIELDS
from schema.feeds.layout import Derivation, Field, Layout, LayoutError, Mode, fold_heading
from schema.feeds.parse import parse_layout

__all__ = [
    "FIELDS",
    "Derivation",
    "Field",
    "Layout",
    "LayoutError",
    "Mode",
    "fold_heading",
    "load_layouts",
    "parse_layout",
]


def load_layouts(layouts_dir: Path | None = None) -> dict[str, Layout]:
    """All layouts by name; one in ``layouts_dir`` replaces the built-in one of the same name.

    Raises
    ------
    LayoutError
        A layout cannot be used, two in one place have the same name, or the directory is not there.
    """
    built_in = sorted(
        (item for item in resources.files("schema.feeds").iterdir() if item.name.endswith(".toml")),
        key=lambda item: item.name,
    )
    layouts = _by_name([parse_layout(item.read_text(encoding="utf-8"), source=item.name) for item in built_in])
    if layouts_dir is not None:
        if not layouts_dir.is_dir():
            raise LayoutError(str(layouts_dir), "", "the directory of further layouts is not there")
        layouts |= _by_name([_read(path) for path in sorted(layouts_dir.glob("*.toml"))])
    return layouts


def _read(path: Path) -> Layout:
    try:
        return parse_layout(path.read_text(encoding="utf-8"), source=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise LayoutError(path.name, "", f"cannot be read as UTF-8 ({type(error).__name__})") from error


def _by_name(layouts: list[Layout]) -> dict[str, Layout]:
    found: dict[str, Layout] = {}
    for layout in layouts:
        if layout.name in found:
            raise LayoutError(layout.name, "name", "two layouts have it")
        found[layout.name] = layout
    return found
