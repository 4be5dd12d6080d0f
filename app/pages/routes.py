"""Addresses of the pages, and what stands before each: a session, the right kind of visitor, errors as pages."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.pages import entry, ledger, openings, people
from app.pages.render import render
from app.pages.session import COOKIE, Hub, Session, end_session
from app.pages.signon import ProviderSignIn
from app.pages.texts import language_of, translate
from app.pages.visit import Refused, Visit
from hub.errors import Forbidden, HubError, Unauthenticated

_LOG = logging.getLogger("app.pages")

Handler = Callable[[Visit], Awaitable[Response]]


def routes(hub: Hub, *, secret: bytes, session: timedelta) -> list[Route]:
    """All pages.

    Parameters
    ----------
    secret
        Signs the tokens of forms.
    session
        How long a visit lasts.
    """

    async def visit_of(request: Request) -> Visit:
        token = request.cookies.get(COOKIE, "")
        if not token:
            raise Unauthenticated("token_missing", "Nobody signed in.")
        return Visit(request, hub, Session(await hub.actor_of(token), token, secret))

    def guarded(handler: Handler, *kinds: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                visit = await visit_of(request)
            except Unauthenticated:
                return _to_sign_in(request)
            except HubError as error:
                return failed(request, error)
            try:
                if kinds and visit.actor.kind not in kinds:
                    return visit.page("error.html", status=403, problem=translate("error.forbidden", visit.lang))
                return await handler(visit)
            except Refused as refusal:
                key = "error.not_found" if refusal.status == 404 else None
                words = translate(key, visit.lang) if key else refusal.words(visit.lang)
                return visit.page("error.html", status=refusal.status, problem=words)
            except Forbidden as error:
                words = translate("error.expired_form", visit.lang)
                return visit.page("error.html", status=error.http_status, problem=words)
            except Exception as error:  # every error becomes a page; its number finds the log entry
                return failed(request, error)

        return answer

    sign_in = entry.SignIn(hub, session)
    provider = ProviderSignIn(hub, int(session.total_seconds()))
    officials = ("station", "county")
    posters = ("station", "county", "partner")
    return [
        Route("/", guarded(entry.home)),
        Route("/welcome", guarded(entry.welcome)),
        Route("/signin", sign_in.show, methods=["GET"]),
        Route("/signin", sign_in.take, methods=["POST"]),
        Route("/signin/with/{name}", provider.leave, methods=["GET"]),
        Route("/signin/with/{name}/return", provider.arrive, methods=["GET"]),
        Route("/signout", guarded(entry.sign_out), methods=["POST"]),
        Route("/language", entry.choose_language),
        Route("/people", guarded(people.show_list, *officials)),
        Route("/people/export", guarded(people.export_list, *officials), methods=["POST"]),
        Route("/people/{id}", guarded(people.show_one, *officials)),
        Route("/people/{id}/{act}", guarded(people.act, *officials), methods=["POST"]),
        Route("/me", guarded(people.show_me, "person")),
        Route("/me/{act}", guarded(people.act_me, "person"), methods=["POST"]),
        Route("/ledger", guarded(ledger.show, "person")),
        Route("/openings", guarded(openings.show_list, *posters)),
        Route("/openings/new", guarded(openings.new, *posters), methods=["GET", "POST"]),
        Route("/openings/{id}", guarded(openings.show_one, *posters)),
        Route("/openings/{id}/change", guarded(openings.change, *posters), methods=["GET", "POST"]),
        Route("/openings/{id}/close", guarded(openings.close, *posters), methods=["POST"]),
    ]


def _to_sign_in(request: Request) -> Response:
    """To the sign-in page, and back here afterwards; a form sent too late is not sent again unseen."""
    back = request.url.path if request.method == "GET" else "/"
    over = "&over=1" if request.cookies.get(COOKIE) else ""
    return end_session(RedirectResponse(f"/signin?back={quote(back)}{over}", status_code=303))


def _page_of(request: Request) -> str:
    """The page's address as it is declared: one that was typed may hold anything."""
    return getattr(request.scope.get("route"), "path", "")


async def not_found(request: Request, _: Exception) -> Response:
    """A page for an address that there is not."""
    return render(request, "error.html", status=404, problem=translate("error.not_found", language_of(request)))


async def failed_page(request: Request, error: Exception) -> Response:
    """A page for what nobody foresaw; its number finds the log entry."""
    return failed(request, error)


def failed(request: Request, error: Exception) -> Response:
    """A page for an error; only its number is shown, unless it says that the hub is busy."""
    lang = language_of(request)
    if isinstance(error, HubError) and error.http_status == 503:
        page = render(request, "error.html", status=503, problem=translate("error.unavailable", lang))
        page.headers["retry-after"] = "2"
        return page
    number = str(uuid.uuid4())
    _LOG.error("page_failed", exc_info=error, extra={"fields": {"request_id": number, "page": _page_of(request)}})
    return render(request, "error.html", status=500, problem=translate("error.internal", lang, id=number))
