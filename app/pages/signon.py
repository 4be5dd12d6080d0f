"""Signing in with an identity provider: off to it, and back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.pages.paths import local_path
from app.pages.render import render
from app.pages.session import Hub, keep_session
from app.pages.texts import language_of, translate
from hub.access.signon.visit import TERM, cookie_name
from hub.errors import HubError

#: Where the browser's half of a sign-in is sent, and nowhere else.
_PATH = "/signin/with"


class ProviderSignIn:
    """The way over a provider."""

    def __init__(self, hub: Hub, session_s: int) -> None:
        self._hub, self._session_s = hub, session_s

    async def leave(self, request: Request) -> Response:
        """Send the browser to the provider."""
        back = local_path(request.query_params.get("back"))
        try:
            begun = await self._hub.desk().begin(request.path_params["name"], back=back)
        except HubError as error:
            return self._failed(request, error)
        answer = RedirectResponse(begun.url, status_code=303, headers={"cache-control": "no-store"})
        answer.set_cookie(
            begun.cookie_name,
            begun.cookie,
            max_age=int(TERM.total_seconds()),
            httponly=True,
            # The provider sends the browser back from its own pages: a strict cookie would stay behind.
            samesite="lax",
            secure=begun.secure,
            path=_PATH,
        )
        return answer

    async def arrive(self, request: Request) -> Response:
        """Take the provider's answer, and go on to where the visitor wanted to."""
        answer = {
            key: request.query_params[key] for key in ("state", "code", "error", "iss") if key in request.query_params
        }
        name = cookie_name(answer.get("state", ""))
        try:
            token, back = await self._hub.desk().finish(
                request.path_params["name"], answer=answer, cookie=request.cookies.get(name, "")
            )
            response: Response = RedirectResponse(back, status_code=303, headers={"cache-control": "no-store"})
            keep_session(response, request, token, max_age_s=self._session_s)
        except HubError as error:
            response = self._failed(request, error)
        response.delete_cookie(name, path=_PATH)
        return response

    def _failed(self, request: Request, error: HubError) -> Response:
        lang = language_of(request)
        key = _WORDS.get(error.code, "signin.refused")
        page = render(
            request,
            "signin.html",
            status=error.http_status,
            problem=translate(key, lang),
            # This address holds an answer that was used up: the other language is not to send it again.
            here="/signin",
            back="/",
            providers=self._hub.desk().offered(lang),
        )
        if error.http_status == 503:
            page.headers["retry-after"] = "2"
        return page


_WORDS = {
    "subject_unknown": "signin.unknown",
    "actor_revoked": "signin.closed",
    "provider_unavailable": "signin.silent",
    "audit_closed": "signin.silent",
    "sign_in_replayed": "signin.replayed",
    "sign_in_invalid": "signin.replayed",
}
