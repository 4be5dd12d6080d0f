"""How far apart two places are taken to be; the figures are in ``data/distance.toml`` and ``data/prefectures.csv``."""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

_EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Distances:
    """Distances by shared level within a prefecture, and between the points of prefectures.

    Attributes
    ----------
    within_km
        By the finest level of region that two places share: village, township, county, prefecture.
    points
        Longitude and latitude, degrees, by the first four digits of a region's code; ``dd00`` stands for a province.
    detour
        Kilometres by road for one kilometre of great circle.
    least_km
        Between any two prefectures.
    """

    within_km: Mapping[str, float]
    points: Mapping[int, tuple[float, float]]
    detour: float
    least_km: float

    def point_of(self, prefecture: int) -> tuple[float, float] | None:
        """The point of a prefecture, else of its province, else None."""
        return self.points.get(prefecture) or self.points.get(prefecture // 100 * 100)

    def between_km(self, prefecture: int, other: int) -> float:
        """Kilometres by road between prefectures, each the first four digits of its code; NaN where one is unknown."""
        here, there = self.point_of(prefecture), self.point_of(other)
        if here is None or there is None:
            return math.nan
        return max(great_circle_km(here, there) * self.detour, self.least_km)


def great_circle_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance of two (longitude, latitude) points, degrees.

    Source: the haversine formula; Sinnott, Sky and Telescope 68 (1984).
    """
    (x1, y1), (x2, y2) = (tuple(map(math.radians, point)) for point in (here, there))
    half = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(half))


@lru_cache(maxsize=1)
def load_distances() -> Distances:
    """The figures that ship with the program."""
    data = resources.files("schema").joinpath("data")
    body = tomllib.loads(data.joinpath("distance.toml").read_text(encoding="utf-8"))
    rows = csv.DictReader(data.joinpath("prefectures.csv").read_text(encoding="utf-8").splitlines())
    points = {int(row["code"][:4]): (float(row["longitude"]), float(row["latitude"])) for row in rows}
    return Distances(body["within_km"], points, body["between"]["detour"], body["between"]["least_km"])
