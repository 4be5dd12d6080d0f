"""Openings: the poster's list, one opening with who was referred, posting, changing, closing."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from app.pages.forms import FormProblem, entered, number_in, opening_input, places
from app.pages.texts import translate
from app.pages.visit import Refused, Visit
from schema.occupations import load_occupations

_PAGE = 25
_STATES = ("open", "closed", "filled")


async def show_list(visit: Visit) -> Response:
    """Openings, newest first: a partner's own, or all for a public office."""
    query = visit.request.query_params
    title, state = query.get("title", "").strip(), query.get("state", "")
    chosen: dict[str, Any] = {}
    if title:
        chosen["titleContains"] = title
    if state in _STATES:
        chosen["state"] = state
    found = (await visit.ask("Openings", first=_PAGE, after=query.get("after") or None, filter=chosen))["openings"]
    return visit.page("openings.html", openings=found, title=title, state=state, states=_STATES)


async def show_one(visit: Visit) -> Response:
    """One opening, and who was referred to it."""
    return await _opening(visit)


async def new(visit: Visit) -> Response:
    """The form, and posting what it says."""
    if visit.request.method == "GET":
        channel = {"SH": "shanghai", "GD": "guangdong"}.get((visit.actor.partner_code or "")[:2], "local")
        return _form(visit, {"channel": channel})
    fields = entered(await visit.form())
    try:
        made = await visit.ask("PostOpening", input=opening_input(fields), idempotencyKey=fields.get("key", ""))
    except (FormProblem, Refused) as found:
        return _form_again(visit, fields, found)
    opening = made["postOpening"]["opening"]
    return visit.go(f"/openings/{opening['id']}" if opening else "/openings", done="posted")


async def change(visit: Visit) -> Response:
    """The form with what the opening says now, and replacing it."""
    opening_id = visit.request.path_params["id"]
    if visit.request.method == "GET":
        held = (await visit.ask("Opening", id=opening_id))["opening"]
        if held is None:
            return visit.page("error.html", status=404, problem=translate("error.not_found", visit.lang))
        return _form(visit, _typed(held), opening_id=opening_id)
    fields = entered(await visit.form())
    try:
        await visit.ask(
            "ChangeOpening",
            id=opening_id,
            version=number_in(fields, "version"),
            input=opening_input(fields),
            idempotencyKey=fields.get("key", ""),
        )
    except (FormProblem, Refused) as found:
        return _form_again(visit, fields, found, opening_id=opening_id)
    return visit.go(f"/openings/{opening_id}", done="changed")


async def close(visit: Visit) -> Response:
    """Close an opening."""
    opening_id = visit.request.path_params["id"]
    fields = entered(await visit.form())
    try:
        await visit.ask(
            "CloseOpening",
            id=opening_id,
            version=number_in(fields, "version"),
            idempotencyKey=fields.get("key", ""),
        )
    except Refused as refusal:
        return await _opening(visit, status=refusal.status, problem=refusal.words(visit.lang))
    return visit.go(f"/openings/{opening_id}", done="closed")


async def _opening(visit: Visit, *, status: int = 200, problem: str | None = None) -> Response:
    held = (await visit.ask("Opening", id=visit.request.path_params["id"]))["opening"]
    if held is None:
        return visit.page("error.html", status=404, problem=translate("error.not_found", visit.lang))
    # What a partner posted, the partner changes; an office changes what no partner answers for.
    mine = held["partnerCode"] == visit.actor.partner_code
    return visit.page("opening.html", status=status, problem=problem, opening=held, mine=mine)


def _form(
    visit: Visit,
    typed: dict[str, str],
    *,
    opening_id: str | None = None,
    status: int = 200,
    problem: str | None = None,
    wrong: str = "",
) -> Response:
    return visit.page(
        "opening_form.html",
        status=status,
        problem=problem,
        typed=typed,
        wrong=wrong,
        opening_id=opening_id,
        occupations=[occupation.name for occupation in load_occupations().values()],
        places=list(places()),
    )


def _form_again(
    visit: Visit, fields: dict[str, str], found: FormProblem | Refused, *, opening_id: str | None = None
) -> Response:
    if isinstance(found, FormProblem):
        words = translate(found.key, visit.lang, field=translate(f"field.{found.field}", visit.lang))
        return _form(visit, fields, opening_id=opening_id, status=400, problem=words, wrong=found.field)
    return _form(visit, fields, opening_id=opening_id, status=found.status, problem=found.words(visit.lang))


def _typed(opening: dict[str, Any]) -> dict[str, str]:
    """An opening as its form would hold it."""
    by_code = {code: name for name, code in places().items()}
    values = {
        "title": opening["title"],
        "employer_name": opening["employerName"],
        "employer_code": opening["employerCode"],
        "occupation": opening["occupationCode"],
        "place": by_code.get(opening["regionCode"], opening["regionCode"]),
        "channel": opening["channel"],
        "wage_low": opening["wageLowYuanPerMonth"],
        "wage_high": opening["wageHighYuanPerMonth"],
        "vacancies": opening["vacancies"],
        "duties": opening["duties"],
        "education_min": opening["educationMin"],
        "age_min": opening["ageMin"],
        "age_max": opening["ageMax"],
        "closes_on": opening["closesOn"],
        "version": opening["version"],
        "heavy_labour": opening["heavyLabour"] or None,
        "night_shift": opening["nightShift"] or None,
        "lodging": opening["lodging"] or None,
        "social_insurance": opening["socialInsurance"] or None,
    }
    return {name: str(value) for name, value in values.items() if value is not None}
