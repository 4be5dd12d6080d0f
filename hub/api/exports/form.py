"""What an export is asked for with: one GraphQL query for one list, and how the file is to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from hub.errors import InvalidInput

Format = Literal["csv", "parquet", "xlsx"]
FORMATS: dict[Format, str] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ENCODINGS = ("utf-8", "gb18030")
_HEADINGS = ("names", "zh")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportForm:
    """One export.

    Attributes
    ----------
    encoding
        Of a CSV file: ``utf-8`` (with a byte order mark, so that Excel knows it) or ``gb18030``.
    headings
        Of CSV and XLSX: ``names`` as the query has them, or ``zh``, what the catalogue calls them.
    """

    query: str
    format: Format
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    encoding: str = "utf-8"
    headings: str = "names"


def parse_form(request: Mapping[str, Any], document: str) -> ExportForm:
    """The form of a request; ``document`` is what it asks for, by text or by hash.

    Raises
    ------
    InvalidInput
        ``export_form_invalid``.
    """
    format_ = _one_of(request, "format", tuple(FORMATS), None)
    encoding = _one_of(request, "encoding", _ENCODINGS, "utf-8")
    if encoding != "utf-8" and format_ != "csv":
        raise InvalidInput("export_form_invalid", "Only CSV has an encoding.", hint="Leave encoding out.")
    return ExportForm(
        query=document,
        format=cast(Format, format_),
        operation_name=request.get("operationName"),
        variables=request.get("variables") or {},
        encoding=encoding,
        headings=_one_of(request, "headings", _HEADINGS, "zh" if format_ == "xlsx" else "names"),
    )


def _one_of(request: Mapping[str, Any], name: str, known: tuple[str, ...], default: str | None) -> str:
    value = request.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or value.lower() not in known:
        raise InvalidInput("export_form_invalid", f"{name} is missing or unknown.", hint="One of: " + ", ".join(known))
    return value.lower()
