"""One request of a signed-in visitor: asking the hub with the visitor's rights, answering with a page."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.pages.documents import load_document
from app.pages.download import Download
from app.pages.render import render
from app.pages.session import Hub, Session
from app.pages.texts import Language, language_of, load_texts, translate
from hub.access.actor import Actor
from hub.api.errors import error_body
from hub.api.exports.form import ExportForm
from hub.casework.states import BOOK_ONLY, STATES
from hub.errors import HubError

#: The purpose a visit to the pages has, by kind of actor; a department's is its first.
_PURPOSES = {
    "station": "employment_service",
    "county": "employment_service",
    "partner": "labour_cooperation",
    "person": "own_affairs",
    "administrator": "administration",
}
_MENUS: dict[str, tuple[tuple[str, str], ...]] = {
    "station": (("people", "/people"), ("openings", "/openings")),
    "county": (("people", "/people"), ("openings", "/openings")),
    "partner": (("openings", "/openings"),),
    "person": (("me", "/me"), ("ledger", "/ledger")),
}


class Refused(Exception):
    """The hub refused; what it said, to be shown on the page."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        said = body.get("extensions", {})
        self.reason: str = said.get("reason") or "internal"
        self.detail: str = said.get("detail") or body.get("message", "")
        self.hint: str = said.get("hint") or ""
        self.status = _STATUS.get(said.get("code", ""), 400)
        super().__init__(self.reason)

    def words(self, lang: Language) -> str:
        """In the visitor's language where the pages know the reason; in the hub's words where they do not."""
        key = f"refused.{self.reason}"
        if key in load_texts():
            return translate(key, lang)
        if self.reason == "opening_unlawful":
            return self.detail if lang == "zh" else self.hint
        if self.status >= 500:
            return translate("error.unavailable", lang)
        return translate("refused.other", lang, detail=" ".join(filter(None, (self.detail, self.hint))))


_STATUS = {"FORBIDDEN": 403, "NOT_FOUND": 404, "CONFLICT": 409, "INVALID_TRANSITION": 409, "UNAVAILABLE": 503}
_STATUS |= {"INTERNAL": 500, "UNAUTHENTICATED": 401}


@dataclass(slots=True)
class Visit:
    """One request of somebody who signed in."""

    request: Request
    hub: Hub
    session: Session
    withheld: set[str] = field(default_factory=set)

    @property
    def actor(self) -> Actor:
        """Who visits."""
        return self.session.actor

    @property
    def lang(self) -> Language:
        """Language of the page."""
        return language_of(self.request)

    @property
    def purpose(self) -> str:
        """What the visit is for."""
        return _PURPOSES.get(self.actor.kind) or self.actor.purposes[0]

    @property
    def home(self) -> str:
        """Where this visitor begins."""
        menu = _MENUS.get(self.actor.kind, ())
        return menu[0][1] if menu else "/welcome"

    async def ask(self, operation: str, **variables: object) -> dict[str, Any]:
        """Data of an operation.

        Raises
        ------
        Refused
            The hub answered with an error.
        """
        document = self._document(operation, variables)
        answer: dict[str, Any] = await self.hub.execute(
            actor=self.actor,
            purpose=self.purpose,
            document=document,
            operation_name=operation,
            variables=variables,
        )
        if answer.get("errors"):
            raise Refused(answer["errors"][0])
        for item in answer.get("extensions", {}).get("withheld", ()):
            self.withheld.add(str(item["path"]).rpartition(".")[2])
        return dict(answer["data"])

    async def workbook(self, operation: str, **variables: object) -> Response:
        """All rows of an operation's list as a workbook.

        Raises
        ------
        Refused
            The hub refused before the first byte.
        """
        query = self._document(operation, variables)
        form = ExportForm(
            query=query,
            format="xlsx",
            operation_name=operation,
            variables=variables,
            headings="zh" if self.lang == "zh" else "names",
        )
        async with AsyncExitStack() as held:
            try:
                opening = self.hub.export(form, actor=self.actor, purpose=self.purpose)
                export = await held.enter_async_context(opening)
                first = await anext(export.pieces)
            except HubError as error:
                raise Refused(error_body(error)) from error
            return Download(export, held.pop_all(), first)

    def _document(self, operation: str, variables: dict[str, object]) -> str:
        """The operation's document; what all of them are asked with is put among its variables."""
        document = load_document(operation)
        if "$lang: Language!" in document:
            variables["lang"] = self.lang.upper()
        if "$states: " in document:
            # What was only shown in a list, as the departments' books have it, is no referral to anybody's eyes.
            variables["states"] = sorted(STATES - BOOK_ONLY)
        return document

    async def form(self) -> FormData:
        """The form sent, once it is known to come from this session's own page.

        Raises
        ------
        Forbidden
            ``form_expired``.
        """
        form = await self.request.form(max_fields=100)
        self.session.check_form(form.get("csrf"))
        return form

    def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """A page for this visitor."""
        return render(
            self.request,
            template,
            status=status,
            viewer=self.actor,
            csrf=self.session.csrf,
            menu=_MENUS.get(self.actor.kind, ()),
            withheld=self.withheld,
            **values,
        )

    def go(self, path: str, *, done: str | None = None) -> Response:
        """Elsewhere, after a change: reloading there sends nothing twice."""
        return RedirectResponse(path + (f"?done={done}" if done else ""), status_code=303)
