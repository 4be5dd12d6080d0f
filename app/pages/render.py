"""From a template and values to a page in the visitor's language."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.pages.texts import language_of, load_texts, translate
from hub.clock import SystemClock
from matching.explain import FIGURE_NAMES
from schema.catalog import ENTITIES
from schema.codes import LISTS
from schema.occupations import occupation_name
from schema.reasons import render_reason

_CHINA = ZoneInfo("Asia/Shanghai")


@cache
def environment() -> jinja2.Environment:
    """Templates; everything put into them is escaped, and a name that is missing is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("app.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(age=age_of, yuan=_yuan, moment=_moment, occupation=occupation_name, percent=_percent)
    made.globals.update(codes=LISTS, new_key=lambda: str(uuid.uuid4()))
    return made


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. ``?done=…`` names the notice of a change that was just made."""
    lang = language_of(request)
    done = f"done.{request.query_params.get('done', '')}"
    context: dict[str, Any] = {
        "request": request,
        "here": request.url.path,  # where the link to the other language leads
        "lang": lang,
        "t": partial(translate, lang=lang),
        "viewer": None,
        "csrf": "",
        "menu": (),
        "withheld": frozenset(),
        "problem": None,
        "notice": translate(done, lang) if done in load_texts() else None,
        "reason": partial(reason_words, lang=lang),
        "field_name": partial(_field_name, lang=lang),
        **values,
    }
    html = environment().get_template(template).render(context)
    # Pages hold personal data: no cache keeps them.
    return HTMLResponse(html, status_code=status, headers={"cache-control": "no-store"})


def reason_words(reason: Mapping[str, Any], lang: str) -> str:
    """A stored reason in words."""
    figure = FIGURE_NAMES.get(reason["code"])
    detail = {figure: reason.get(figure)} if figure else {}
    return render_reason(reason["code"], detail, "en" if lang == "en" else "zh", contribution=reason.get("value", 0))


def age_of(born_on: str | None) -> int | None:
    """Full years today."""
    if not born_on:
        return None
    born, today = date.fromisoformat(born_on), SystemClock().today()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _yuan(amount: int | float | None) -> str:
    return "" if amount is None else f"{amount:,.0f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _moment(text: str | None) -> str:
    return datetime.fromisoformat(text).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M") if text else ""


def _field_name(name: str, lang: str) -> str:
    """What a field is called, from the catalogue; wishes stand beside the person's own."""
    for entity, prefix in (("person", ""), ("wish", "wish_"), ("wish", "")):
        for field in ENTITIES[entity].fields:
            if name == prefix + field.name:
                return field.zh if lang == "zh" else field.en
    return name
