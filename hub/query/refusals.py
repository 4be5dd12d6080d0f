"""What a query is refused for. Nothing of a refused query is answered."""

from __future__ import annotations

from hub.errors import Forbidden, InvalidInput


class ForbiddenField(Forbidden):
    """A list may not be narrowed or ordered by a field that is not open; ``refused`` names it for the audit."""

    graphql_code = "FORBIDDEN_FIELD"

    def __init__(self, code: str, detail: str = "", *, hint: str = "", refused: str = "") -> None:
        super().__init__(code, detail, hint=hint)
        self.refused = refused


def invalid_value(what: str, detail: str, hint: str = "Check what was sent.") -> InvalidInput:
    """A value that cannot be used as it stands."""
    return InvalidInput(f"{what}_invalid", detail, hint=hint)
