"""A station's people: the list, one person, and what is done for them; and the page that people have of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from app.pages.forms import FormProblem, entered, number_in, outcome_input, wish_input
from app.pages.texts import translate
from app.pages.visit import Refused, Visit
from hub.casework.states import LIVE, OUTCOMES, results_in

_PAGE = 25


async def show_list(visit: Visit) -> Response:
    """People willing to work, with the place set aside for each, or the first of the list."""
    query = visit.request.query_params
    places = (await visit.ask("Places", id=f"Region:{visit.actor.region_code}"))["region"]
    chosen = _chosen(query, places)
    name, place, zero = query.get("name", "").strip(), query.get("place", ""), query.get("zero") == "1"
    people = (await visit.ask("People", first=_PAGE, after=query.get("after") or None, filter=chosen))["persons"]
    return visit.page("people.html", people=people, places=places, name=name, place=place, zero=zero)


async def export_list(visit: Visit) -> Response:
    """All the people that the list has, as a workbook."""
    fields = entered(await visit.form())
    places = (await visit.ask("Places", id=f"Region:{visit.actor.region_code}"))["region"]
    return await visit.workbook("ExportPeople", filter=_chosen(fields, places))


def _chosen(fields: Mapping[str, str], places: dict[str, Any]) -> dict[str, Any]:
    """The filter that the form above the list asks for."""
    chosen: dict[str, Any] = {"willing": True}
    if name := fields.get("name", "").strip():
        chosen["namePrefix"] = name
    if fields.get("zero") == "1":
        chosen["zeroEmployment"] = True
    if fields.get("place", "") in {child["regionCode"] for child in places["children"]["nodes"]}:
        chosen["livingRegion"] = fields["place"]
    return chosen


async def show_one(visit: Visit) -> Response:
    """One person."""
    return await _person(visit, visit.request.path_params["id"])


async def show_me(visit: Visit) -> Response:
    """What the hub holds of whoever visits, and suggests to them."""
    return await _person(visit, f"Person:{visit.actor.person_id}", own=True)


async def act(visit: Visit) -> Response:
    """Refer, record contact or outcome, change wishes; then back to the person."""
    return await _act(visit, visit.request.path_params["id"], own=False)


async def act_me(visit: Visit) -> Response:
    """Change one's own wishes."""
    return await _act(visit, f"Person:{visit.actor.person_id}", own=True)


async def _person(
    visit: Visit,
    person_id: str,
    *,
    own: bool = False,
    status: int = 200,
    problem: str | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    person = (await visit.ask("Person", id=person_id))["person"]
    if person is None:
        return visit.page("error.html", status=404, problem=translate("error.not_found", visit.lang))
    contacts: dict[str, Any] = {}
    if not own:
        found = (await visit.ask("Contacts", id=person_id))["person"]
        contacts = {referral["id"]: referral["contacts"]["nodes"] for referral in found["referrals"]["nodes"]}
    referred = {
        referral["target"]["id"]
        for referral in person["referrals"]["nodes"]
        if referral["target"] and (referral["state"] in LIVE or referral["state"] == "placed")
    }
    return visit.page(
        "person.html",
        status=status,
        problem=problem,
        person=person,
        contacts=contacts,
        referred=referred,
        results={state: results_in(state) for state in sorted({*LIVE, *(s for _, s in OUTCOMES.values())})},
        live=LIVE,
        own=own,
        here="/me" if own else f"/people/{person['id']}",
        typed=typed or {},
    )


async def _act(visit: Visit, person_id: str, *, own: bool) -> Response:
    action = visit.request.path_params["act"]
    fields = entered(await visit.form())
    if action not in (("wish",) if own else ("wish", "refer", "contact", "outcome")):
        return visit.page("error.html", status=404, problem=translate("error.not_found", visit.lang))
    try:
        await _send(visit, action, person_id, fields)
    except FormProblem as found:
        words = translate(found.key, visit.lang, field=translate(f"field.{found.field}", visit.lang))
        return await _person(visit, person_id, own=own, status=400, problem=words, typed=fields)
    except Refused as refusal:
        if refusal.status == 404 and refusal.reason == "person_unknown":
            raise
        words = refusal.words(visit.lang)
        return await _person(visit, person_id, own=own, status=refusal.status, problem=words, typed=fields)
    return visit.go("/me" if own else f"/people/{person_id}", done=action)


async def _send(visit: Visit, action: str, person_id: str, fields: dict[str, str]) -> None:
    common: dict[str, object] = {"idempotencyKey": fields.get("key", "")}
    version = number_in(fields, "version")
    if action == "refer":
        await visit.ask(
            "ReferPerson",
            personId=person_id,
            targetId=fields.get("target", ""),
            runId=number_in(fields, "run"),
            rank=number_in(fields, "rank"),
            **common,
        )
    elif action == "contact":
        await visit.ask(
            "RecordContact",
            referralId=fields.get("referral", ""),
            version=version,
            channel=fields.get("channel", ""),
            result=fields.get("result", ""),
            note=fields.get("note", ""),
            **common,
        )
    elif action == "outcome":
        referral = fields.get("referral", "")
        await visit.ask("RecordOutcome", referralId=referral, version=version, input=outcome_input(fields), **common)
    else:
        await visit.ask("EditWish", personId=person_id, version=version or 0, input=wish_input(fields), **common)
