"""The one entry: a region's people, what three departments know of them, the market, and the truth apart."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from schema.regions import full_name, load_regions
from simulate.economy import SCENARIOS, Economy, make_economy
from simulate.errors import SimulationError
from simulate.families import IN_LAW, SPOUSE, Families, make_families
from simulate.faults import ErrorRates
from simulate.files import FORMATS, Writer
from simulate.history import Referrals, World, join_referrals, make_latent, make_referrals
from simulate.marginals import Dice, Int, load_marginals
from simulate.market_files import employer_names
from simulate.naming import name_people
from simulate.numbers import citizen_numbers, phone_numbers, text_of
from simulate.offers import hire, offer_posts, offer_programmes
from simulate.places import Places, read_places
from simulate.sheet import Register
from simulate.standing import make_standing
from simulate.traits import make_traits
from simulate.truth import Truth, write_truth
from simulate.work import make_work
from simulate.write_xlsx import XLSX_ROW_LIMIT


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """What was written.

    Attributes
    ----------
    files
        Every file, the truth's included.
    persons, rows
        People made up, and rows in all files of ``feeds``.
    seconds, xlsx_seconds
        The whole run, and the part of it spent writing spreadsheets.
    people_per_second
        People by the seconds that were not spent on spreadsheets.
    """

    files: tuple[Path, ...]
    persons: int
    rows: int
    seconds: float
    people_per_second: float
    xlsx_seconds: float


def simulate(
    region: str,
    households: int,
    seed: int,
    out: Path,
    *,
    scenario: str = "plenty",
    format: str | None = None,  # noqa: A002  # the command line calls it so
    as_of: date = date(2026, 6, 1),
    errors: ErrorRates | None = None,
    xlsx_row_limit: int = XLSX_ROW_LIMIT,
) -> SimulationReport:
    """Write a region's files to ``out``. The same arguments write the same bytes.

    Parameters
    ----------
    region
        Twelve-digit code of the province, a prefecture, county, township or village of Yunnan.
    households
        How many, at least one.
    seed
        Of the one source of chance.
    out
        An empty or absent directory.
    scenario
        ``plenty``, ``scarce`` (vacancies half the willing) or ``skewed`` (most vacancies unlovely or far).
    format
        Of the rural file: ``xlsx``, ``ndjson`` or ``parquet``; by default a spreadsheet up to 100,000 rows and NDJSON
        above. Whatever exceeds ``xlsx_row_limit`` goes to Parquet instead of a spreadsheet. ``parquet`` holds for civil
        affairs too.
    as_of
        The day the files speak of.
    errors
        Rates of faults; the defaults of :class:`simulate.faults.ErrorRates` when None.

    Raises
    ------
    SimulationError
        Unknown region, scenario or format, no households, or a directory that is not empty.
    """
    start = time.perf_counter()
    _check(households, seed, scenario, format, out)
    dice = Dice(seed)
    rates = ErrorRates() if errors is None else errors
    register, economy, referrals = make_up(region, households, scenario=scenario, as_of=as_of, dice=dice)
    for folder in ("feeds", "truth"):
        (out / folder).mkdir(parents=True)
    writer = Writer(out, region, full_name(region), as_of, xlsx_row_limit)
    truth = Truth(register)
    writer.write_human_resources(register, truth, rates=rates, dice=dice)
    writer.write_civil_affairs(register, truth, asked=format, rates=rates, dice=dice)
    writer.write_rural_revitalization(register, truth, asked=format, rates=rates, dice=dice)
    writer.write_market(register, economy, referrals, dice)
    parameters = {
        "region": region,
        "households": households,
        "seed": seed,
        "scenario": scenario,
        "format": format,
        "as_of": as_of.isoformat(),
    }
    counts = {"vacancies": economy.vacancies, "openings": len(economy.openings), "referrals": len(referrals)}
    kept = write_truth(out / "truth", truth, parameters=parameters, rates=rates, counts=counts)
    seconds, persons = time.perf_counter() - start, len(register.world.families)
    return SimulationReport(
        files=(*writer.files, *kept),
        persons=persons,
        rows=writer.rows,
        seconds=seconds,
        people_per_second=persons / max(seconds - writer.xlsx_seconds, 1e-9),
        xlsx_seconds=writer.xlsx_seconds,
    )


def _check(households: int, seed: int, scenario: str, format: str | None, out: Path) -> None:  # noqa: A002  # as above
    if households < 1:
        raise SimulationError(f"There must be at least one household, not {households}.")
    if seed < 0:
        raise SimulationError(f"The seed must not be negative, as {seed} is.")
    if scenario not in SCENARIOS:
        raise SimulationError(f"There is no scenario {scenario}; there are {', '.join(SCENARIOS)}.")
    if format is not None and format not in FORMATS:
        raise SimulationError(f"There is no format {format}; there are {', '.join(FORMATS)}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SimulationError(f"{out} is not an empty directory; name a new one.")


def make_up(
    region: str, households: int, *, scenario: str, as_of: date, dice: Dice
) -> tuple[Register, Economy, Referrals]:
    """People, their world, and what they were offered, before anybody wrote it down."""
    places = read_places(region, dice)
    families = make_families(places, households, as_of, dice)
    traits = make_traits(families, dice)
    work = make_work(places, families, traits, as_of, dice)
    standing = make_standing(places, families, traits, work, as_of=as_of, dice=dice)
    names = name_people(families, dice)
    phones = _phones(families, dice)
    counties = _birth_counties(places, families, dice)
    latent = make_latent(len(families), dice)
    economy = make_economy(places, families, work, standing, scenario=scenario, as_of=as_of, dice=dice)
    world = World(places, families, traits, work, standing, economy.employers, economy.past, latent, as_of)
    training, trained_on = offer_programmes(world, economy.programmes, dice)
    offers = make_referrals(world, trained_on, dice)
    posts = offer_posts(world, economy.posts, dice)
    work, employer = hire(world, offers, dice)
    referrals = join_referrals([offers, training, posts])
    register = Register(
        world=replace(world, work=work),
        names=names,
        numbers=text_of(citizen_numbers(counties, families.born_on, families.male)).cast(pa.string()),
        phones=phones,
        employer=employer,
        employer_names=employer_names(economy.employers, dice),
    )
    return register, economy, referrals.take(np.argsort(referrals.shown_on, kind="stable"))


def _birth_counties(places: Places, families: Families, dice: Dice) -> Int:
    """Six-digit county that the citizen number speaks of: one's own, for some spouses another of the province."""
    county = places.county[families.village[families.household]]
    others = np.array([int(r.code[:6]) for r in load_regions().values() if r.level == "county" and r.code[:2] == "53"])
    share = load_marginals()["migration_of_birth"]["spouse_from_elsewhere"]
    came = np.isin(families.role, (SPOUSE, IN_LAW)) & dice.chance(share, len(families))
    return np.where(came, others[dice.rng.integers(0, len(others), len(families))], county)


def _phones(families: Families, dice: Dice) -> pa.Array:
    """A phone for everyone of 14 and more; some use that of the head."""
    own = np.arange(len(families))
    shares = dice.chance(load_marginals()["disagreement"]["phone_of_a_relative"], len(families))
    owner = np.where(shares, families.first[families.household], own)
    numbers = phone_numbers(owner).cast(pa.string())
    return pa.compute.if_else(pa.array(families.age >= 14), numbers, pa.scalar(None, pa.string()))
