"""Where people live and work: the villages of a region, weighted, and the towns where jobs are."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from schema.codes import NATIONALITY
from schema.regions import PREFIX_LENGTH, Region, full_name, load_regions
from simulate.errors import SimulationError
from simulate.marginals import Dice, Float, Int, load_marginals

_EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Places:
    """Villages, v of them. ``boost`` has shape (v, 56): how much commoner a nationality is than in the prefecture."""

    region: Region
    code: Int
    name: tuple[str, ...]
    address: tuple[str, ...]
    weight: Float
    boost: Float

    @property
    def township(self) -> Int:
        """Nine digits a village."""
        return self.code // 1000

    @property
    def county(self) -> Int:
        """Six digits a village."""
        return self.code // 1_000_000

    @property
    def prefecture(self) -> Int:
        """Four digits a village."""
        return self.code // 100_000_000

    def __len__(self) -> int:
        return len(self.code)


def read_places(region_code: str, dice: Dice) -> Places:
    """The villages inside ``region_code``.

    Raises
    ------
    SimulationError
        When the code is unknown, or no village of Yunnan lies in it.
    """
    regions = load_regions()
    region = regions.get(region_code)
    if region is None:
        raise SimulationError(
            f"Region {region_code} is not in the list of regions; give a twelve-digit code of Yunnan."
        )
    villages = [r for r in regions.values() if r.level == "village" and r.code.startswith(region.prefix)]
    if not villages:
        raise SimulationError(
            f"Region {region_code} has no villages to live in; give a code of Yunnan from the province to a village."
        )
    boost = np.array([_boost(regions, village.code[:9]) for village in villages])
    for prefecture in sorted({village.code[:4] for village in villages}):
        inside = np.array([village.code.startswith(prefecture) for village in villages])
        boost[inside] /= _mean_boost(regions, prefecture)
    return Places(
        region=region,
        code=np.array([int(v.code) for v in villages], dtype=np.int64),
        name=tuple(v.name for v in villages),
        address=tuple(full_name(v.code) for v in villages),
        weight=dice.rng.gamma(4.0, 1.0, len(villages)),
        boost=boost,
    )


@lru_cache(maxsize=4096)
def _named(county: str, township: str) -> tuple[float, ...]:
    factors = load_marginals()["named_regions"]
    return tuple(
        (factors["county_factor"] if entry.zh in county else 1.0)
        * (factors["township_factor"] if entry.zh in township else 1.0)
        for entry in NATIONALITY.entries
    )


def _boost(regions: dict[str, Region], township: str) -> tuple[float, ...]:
    """How much commoner each nationality is in a township, going by the names of its county and of itself."""
    above, own = (regions.get(township[:length].ljust(12, "0")) for length in (PREFIX_LENGTH["county"], 9))
    return _named(above.name if above else "", own.name if own else "")


def _mean_boost(regions: dict[str, Region], prefecture: str) -> Float:
    """The same over all villages of a prefecture: divided by it, the prefecture's own shares stay what they are."""
    townships = [r.code[:9] for r in regions.values() if r.level == "village" and r.code.startswith(prefecture)]
    return np.asarray(np.mean([_boost(regions, township) for township in townships], axis=0))


@dataclass(frozen=True, slots=True)
class Towns:
    """Townships where work is, t of them, with the channel through which a job there is offered."""

    code: Int
    address: tuple[str, ...]


@lru_cache(maxsize=8)
def read_towns(prefixes: tuple[str, ...]) -> Towns:
    """Townships whose code starts with one of ``prefixes``."""
    towns = [r for r in load_regions().values() if r.level == "township" and r.code.startswith(prefixes)]
    return Towns(
        code=np.array([int(town.code) for town in towns], dtype=np.int64),
        address=tuple(full_name(town.code) for town in towns),
    )


@lru_cache(maxsize=1)
def _centroids() -> dict[str, tuple[float, float]]:
    """Longitude and latitude by four-digit prefix; ``dd00`` stands for a province where nothing nearer is known."""
    text = resources.files("schema").joinpath("data/prefectures.csv").read_text(encoding="utf-8")
    return {r["code"][:4]: (float(r["longitude"]), float(r["latitude"])) for r in csv.DictReader(text.splitlines())}


def distance_km(home: Int, work: Int) -> Float:
    """Kilometres between two arrays of twelve-digit regions, by what is known of each: the village, the township, the
    county or the prefecture they share (assumed 0, 6, 25, 90), beyond that the centroids of their prefectures."""
    shared = np.full(len(home), np.nan)
    for divisor, km in ((100_000_000, 90.0), (1_000_000, 25.0), (1_000, 6.0), (1, 0.0)):
        shared = np.where(home // divisor == work // divisor, km, shared)
    far = np.isnan(shared)
    if far.any():
        shared[far] = np.maximum(60.0, _great_circle(_points(home[far]), _points(work[far])))
    return shared


def _points(codes: Int) -> Float:
    prefectures, inverse = np.unique(codes // 100_000_000, return_inverse=True)
    known = _centroids()
    return np.array([known.get(str(p)) or known[f"{p // 100}00"] for p in prefectures])[inverse]


def _great_circle(here: Float, there: Float) -> Float:
    lon1, lat1, lon2, lat2 = (np.radians(x) for x in (here[:, 0], here[:, 1], there[:, 0], there[:, 1]))
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return np.asarray(2 * _EARTH_RADIUS_KM * np.arcsin(np.sqrt(half)))
