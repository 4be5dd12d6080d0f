"""Fellegi–Sunter scoring: a prior plus one weight per comparison, so the explanation is the calculation itself.

Levels are computed by plain SQL in DuckDB over the pairs that share a block. DuckDB's string distances count bytes,
which is right for numbers and wrong for Chinese; names are compared by rapidfuzz, once per distinct pair of names.

Source: Fellegi & Sunter (1969), A theory for record linkage, JASA 64. Weights: ``models/*.json``, which say how and on
what they were fitted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from hub.identity.block import CAP, block_keys
from hub.identity.normalise import Normal
from hub.identity.numbers import certain_number, lost_the_day

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Levels = NDArray[np.int8]

#: Comparisons in the order of ``identity.edge.levels``, and their levels from 0 (unknown on a side) upwards.
COMPARISONS: dict[str, tuple[str, ...]] = {
    "number": ("unknown", "differs", "first fifteen agree", "a digit apart", "same"),
    "name": ("unknown", "differs", "a character apart", "sounds the same", "same", "same and rare"),
    "born_on": ("unknown", "differs", "same year", "a part agrees", "same"),
    "sex": ("unknown", "differs", "same"),
    "phone": ("unknown", "differs", "same"),
    "place": ("unknown", "differs", "same county", "same township", "same village"),
    "source": ("same feed", "other feed"),
}

#: A name that no more than this many records bear is rare.
RARE = 6

_PAIRS = """
WITH sizes AS (
    SELECT kind, key FROM block GROUP BY kind, key HAVING count(*) BETWEEN 2 AND ?
), kept AS (
    SELECT b.kind, b.key, b.row FROM block b SEMI JOIN sizes s ON b.kind = s.kind AND b.key = s.key
)
SELECT DISTINCT x.row AS a, y.row AS b
FROM kept x JOIN kept y ON x.kind = y.kind AND x.key = y.key AND x.row < y.row
JOIN record ra ON ra.row = x.row JOIN record rb ON rb.row = y.row
WHERE ra.fresh OR rb.fresh
ORDER BY a, b
"""

_LEVELS = """
SELECT
    CASE WHEN x.digits IS NULL OR y.digits IS NULL THEN 0
        WHEN x.valid AND y.valid AND x.digits = y.digits THEN 4
        WHEN (x.cut OR y.cut) AND left(x.digits, 15) = left(y.digits, 15) THEN 2
        WHEN damerau_levenshtein(x.digits, y.digits) <= 1 THEN 3
        ELSE 1 END::TINYINT AS number,
    CASE WHEN x.born_on IS NULL OR y.born_on IS NULL THEN 0
        WHEN x.born_on = y.born_on THEN 4
        WHEN (month(x.born_on) = month(y.born_on) AND day(x.born_on) = day(y.born_on))
            OR (year(x.born_on) = year(y.born_on)
                AND (month(x.born_on) = month(y.born_on) OR day(x.born_on) = day(y.born_on))) THEN 3
        WHEN year(x.born_on) = year(y.born_on) THEN 2
        ELSE 1 END::TINYINT AS born_on,
    CASE WHEN x.sex IS NULL OR y.sex IS NULL THEN 0 WHEN x.sex = y.sex THEN 2 ELSE 1 END::TINYINT AS sex,
    CASE WHEN x.phone IS NULL OR y.phone IS NULL THEN 0 WHEN x.phone = y.phone THEN 2 ELSE 1 END::TINYINT AS phone,
    CASE WHEN x.counties = [] OR y.counties = [] THEN 0
        WHEN list_has_any(x.villages, y.villages) THEN 4
        WHEN list_has_any(x.townships, y.townships) THEN 3
        WHEN list_has_any(x.counties, y.counties) THEN 2
        ELSE 1 END::TINYINT AS place,
    (x.feed <> y.feed)::TINYINT AS source
FROM pair p JOIN record x ON x.row = p.a JOIN record y ON y.row = p.b ORDER BY p.a, p.b
"""


@dataclass(frozen=True, slots=True)
class LinkageModel:
    """Weights in bits. ``weights[c][l]`` adds for level ``l`` of comparison ``c``."""

    version: str
    prior: float
    weights: tuple[tuple[float, ...], ...]
    link: float  # from this score on, one person
    grey: float  # from this score on, evidence is kept and, below ``link``, a clerk may look

    def score(self, levels: Levels) -> Float:
        """Log2 odds of shape (n_pairs,) that two records speak of one person; ``levels`` of shape (n_pairs, 7)."""
        total = np.full(len(levels), self.prior)
        for column, weights in enumerate(self.weights):
            total += np.array(weights)[levels[:, column]]
        return total


def same_number(levels: Levels) -> NDArray[np.bool_]:
    """Which pairs have the same valid number; ``levels`` of shape (n_pairs, 7)."""
    return np.asarray(levels[:, list(COMPARISONS).index("number")] == COMPARISONS["number"].index("same"))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Compared pairs: rows of the records given, ``a < b``, and their levels of shape (n_pairs, 7)."""

    a: Int
    b: Int
    levels: Levels
    skipped_blocks: int


@cache
def load_model(name: str = "linkage-1") -> LinkageModel:
    """A model shipped with the program.

    Raises
    ------
    ValueError
        The file's comparisons are not those of this program.
    """
    body = json.loads(resources.files("hub.identity").joinpath(f"models/{name}.json").read_text(encoding="utf-8"))
    weights = []
    for comparison, levels in COMPARISONS.items():
        of_level = body["weights"].get(comparison, {})
        if set(of_level) != set(levels):
            raise ValueError(f"{name}: levels of {comparison} are not those of this program")
        weights.append(tuple(float(of_level[level]) for level in levels))
    return LinkageModel(body["version"], float(body["prior"]), tuple(weights), float(body["link"]), float(body["grey"]))


def compare(
    records: Sequence[Normal],
    feeds: Sequence[str],
    fresh: NDArray[np.bool_],
    *,
    common: Collection[str] | None = None,
) -> Pairs:
    """Find the pairs that share a block and have a fresh side, and compare them.

    Parameters
    ----------
    records, feeds
        Normal forms and the feeds they came by, n each.
    fresh
        Of shape (n,): records not compared before. Pairs of two others were compared when they came.
    common
        Names that more than :data:`RARE` records of the whole register bear, of those that tell a birthday; None to
        count them in ``records``.
    """
    if common is None:
        bearers = Counter(record.name for record in records if record.name and record.born_on)
        common = {name for name, count in bearers.items() if count > RARE}
    connection = duckdb.connect()
    try:
        connection.execute("SET threads = 2")
        connection.register("record", _record_table(records, feeds, fresh))
        connection.register("block", _block_table(records))
        connection.execute("CREATE TEMP TABLE pair AS " + _PAIRS, [CAP])
        skipped = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM block GROUP BY kind, key HAVING count(*) > ?)", [CAP]
        ).fetchone()
        pairs = connection.execute("SELECT a, b FROM pair ORDER BY a, b").fetchnumpy()
        a, b = pairs["a"].astype(np.int64), pairs["b"].astype(np.int64)
        found = connection.execute(_LEVELS).fetchnumpy()
    finally:
        connection.close()
    levels = np.zeros((len(a), len(COMPARISONS)), dtype=np.int8)
    for column, name in enumerate(COMPARISONS):
        levels[:, column] = _name_levels(records, a, b, common) if name == "name" else found[name]
    return Pairs(a, b, levels, skipped[0] if skipped else 0)


def _record_table(records: Sequence[Normal], feeds: Sequence[str], fresh: NDArray[np.bool_]) -> pa.Table:
    return pa.table(
        {
            "row": pa.array(np.arange(len(records))),
            "fresh": pa.array(fresh),
            "feed": pa.array(list(feeds), pa.string()),
            "digits": pa.array([_digits(r) for r in records], pa.string()),
            "valid": pa.array([r.citizen_number is not None for r in records]),
            "cut": pa.array([_is_cut(r) for r in records]),
            "born_on": pa.array([r.born_on for r in records], pa.date32()),
            "sex": pa.array([r.sex for r in records], pa.string()),
            "phone": pa.array([r.phone for r in records], pa.string()),
            # Two places that are known down to their county only share no township, though their codes go on alike.
            "counties": pa.array([_places(r, 4, 6) for r in records], pa.list_(pa.string())),
            "townships": pa.array([_places(r, 6, 9) for r in records], pa.list_(pa.string())),
            "villages": pa.array([_places(r, 9, 12) for r in records], pa.list_(pa.string())),
        }
    )


def _digits(record: Normal) -> str | None:
    """What of the number can be compared: nothing where a spreadsheet's display left six digits."""
    digits = record.citizen_number or record.number_raw
    return None if digits is None or lost_the_day(digits) else digits


def _is_cut(record: Normal) -> bool:
    """Whether fifteen digits may be all that is right."""
    uncertain = record.citizen_number is not None and certain_number(record.citizen_number) is None
    return record.number_state == "rounded" or uncertain


def _places(record: Normal, start: int, end: int) -> list[str]:
    """Divisions of one level that the record names; their digits are ``start`` to ``end`` of a code, or zeros."""
    codes = {code for code in (record.registered_region_code, record.living_region_code) if code}
    return sorted({code[:end] for code in codes if code[start:end].strip("0")})


def _block_table(records: Sequence[Normal]) -> pa.Table:
    rows, kinds, keys = [], [], []
    for row, record in enumerate(records):
        for kind, key in block_keys(record):
            rows.append(row)
            kinds.append(kind)
            keys.append(key)
    return pa.table(
        {"row": pa.array(rows, pa.int64()), "kind": pa.array(kinds, pa.int8()), "key": pa.array(keys, pa.string())}
    )


def _name_levels(records: Sequence[Normal], a: Int, b: Int, common: Collection[str]) -> Levels:
    """Levels of the name comparison, computed once per distinct pair of names."""
    names: dict[str | None, int] = {}
    code = np.array([names.setdefault(record.name, len(names)) for record in records], dtype=np.int64)
    if not len(a):
        return np.zeros(0, dtype=np.int8)
    low, high = np.minimum(code[a], code[b]), np.maximum(code[a], code[b])
    distinct, back = np.unique(low * len(names) + high, return_inverse=True)
    texts = list(names)
    sound = {record.name: record.pinyin for record in records}
    left = [texts[pair // len(names)] for pair in distinct]
    right = [texts[pair % len(names)] for pair in distinct]
    apart = process.cpdist(
        [text or "" for text in left], [text or "" for text in right], scorer=Levenshtein.distance, workers=1
    )
    level = np.empty(len(distinct), dtype=np.int8)
    for row, (one, other, distance) in enumerate(zip(left, right, apart, strict=True)):
        if one is None or other is None:
            level[row] = 0
        elif one == other:
            level[row] = 4 if one in common else 5
        elif sound[one] == sound[other]:
            level[row] = 3
        else:
            level[row] = 2 if distance == 1 and min(len(one), len(other)) >= 2 else 1
    return level[back]
