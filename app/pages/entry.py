"""Signing in and out, the language, and where a visit begins."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.pages.paths import local_path
from app.pages.render import render
from app.pages.session import Hub, end_session, keep_session
from app.pages.texts import COOKIE, language_of, translate
from app.pages.visit import Visit
from hub.errors import Forbidden, Unauthenticated

_YEAR_S = 365 * 24 * 3600


class SignIn:
    """The sign-in page."""

    def __init__(self, hub: Hub, session: timedelta) -> None:
        self._hub, self._session = hub, session

    async def show(self, request: Request) -> Response:
        """The empty form; says so when the visit before has ended."""
        lang = language_of(request)
        over = translate("signin.over", lang) if "over" in request.query_params else None
        back, providers = local_path(request.query_params.get("back")), self._hub.desk().offered(lang)
        return render(request, "signin.html", problem=over, back=back, providers=providers)

    async def take(self, request: Request) -> Response:
        """Sign in, or say what is wrong; the name typed stays."""
        form = await request.form(max_fields=10)
        back, lang = local_path(str(form.get("back") or "")), language_of(request)
        username, password = str(form.get("username") or "").strip(), str(form.get("password") or "")
        if not sent_from_here(request):
            key, status = "error.expired_form", 403
        else:
            try:
                token = await self._hub.desk().sign_in(username, password)
            except Unauthenticated:
                key, status = "signin.wrong", 401
            except Forbidden:
                key, status = "signin.locked", 429
            else:
                answer = RedirectResponse(back, status_code=303)
                return keep_session(answer, request, token, max_age_s=int(self._session.total_seconds()))
        return render(
            request,
            "signin.html",
            status=status,
            problem=translate(key, lang),
            back=back,
            username=username,
            providers=self._hub.desk().offered(lang),
        )


def sent_from_here(request: Request) -> bool:
    """Whether a form was sent by a page of this host, as browsers say it; nobody is signed in from elsewhere."""
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host")
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


async def sign_out(visit: Visit) -> Response:
    """End the visit, and with it every copy of its token."""
    await visit.form()
    await visit.hub.desk().sign_out(visit.session.token)
    return end_session(RedirectResponse("/signin", status_code=303))


async def choose_language(request: Request) -> Response:
    """Keep the language and go back."""
    answer = RedirectResponse(local_path(request.query_params.get("back")), status_code=303)
    chosen = "en" if request.query_params.get("to") == "en" else "zh"
    answer.set_cookie(COOKIE, chosen, max_age=_YEAR_S, samesite="lax", path="/")
    return answer


async def home(visit: Visit) -> Response:
    """To where this visitor begins."""
    return visit.go(visit.home)


async def welcome(visit: Visit) -> Response:
    """For those whose way in is the data interface."""
    return visit.page("welcome.html")
