"""Fellegi–Sunter scoring: a prior plus one weight per comparison, so the explanation is the calculation itself.

Levels are computed by plain SQL in DuckDB over the pairs that share a block. DuckDB's string distances count bytes,
which is right for numbers and wrong for Chinese; names are compared by rapidfuzz, once per distinct pair of names.

Source: Fellegi & Sunter (1969), A theory for record linkage, JASA 64. Weights: ``models/*.json``, which say how and on
what they were fitted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
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
    CASE WHEN x.raw IS NULL OR y.raw IS NULL THEN 0
        WHEN x.number = y.number THEN 4
        WHEN x.number IS NOT NULL AND y.number IS NOT NULL THEN
            CASE WHEN damerau_levenshtein(x.number, y.number) = 1 THEN 3 ELSE 1 END
        WHEN (x.state = 'rounded' OR y.state = 'rounded')
            AND left(coalesce(x.number, x.raw), 15) = left(coalesce(y.number, y.raw), 15) THEN 2
        WHEN damerau_levenshtein(coalesce(x.number, x.raw), coalesce(y.number, y.raw)) <= 1 THEN 3
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
    CASE WHEN x.regions = [] OR y.regions = [] THEN 0
        WHEN list_has_any(list_filter(x.regions, lambda r: right(r, 3) <> '000'), y.regions) THEN 4
        WHEN list_has_any(list_transform(x.regions, lambda r: left(r, 9)), list_transform(y.regions, lambda r: left(r, 9))) THEN 3
        WHEN list_has_any(list_transform(x.regions, lambda r: left(r, 6)), list_transform(y.regions, lambda r: left(r, 6))) THEN 2
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


def compare(records: Sequence[Normal], feeds: Sequence[str], fresh: NDArray[np.bool_]) -> Pairs:
    """Find the pairs that share a block and have a fresh side, and compare them.

    Parameters
    ----------
    records, feeds
        Normal forms and the feeds they came by, n each.
    fresh
        Of shape (n,): records not compared before. Pairs of two others were compared when they came.
    """
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
        levels[:, column] = _name_levels(records, a, b) if name == "name" else found[name]
    return Pairs(a, b, levels, skipped[0] if skipped else 0)


def _record_table(records: Sequence[Normal], feeds: Sequence[str], fresh: NDArray[np.bool_]) -> pa.Table:
    regions = [sorted({code for code in (r.registered_region_code, r.living_region_code) if code}) for r in records]
    return pa.table(
        {
            "row": pa.array(np.arange(len(records))),
            "fresh": pa.array(fresh),
            "feed": pa.array(list(feeds), pa.string()),
            "number": pa.array([r.citizen_number for r in records], pa.string()),
            "raw": pa.array([r.number_raw for r in records], pa.string()),
            "state": pa.array([r.number_state for r in records], pa.string()),
            "born_on": pa.array([r.born_on for r in records], pa.date32()),
            "sex": pa.array([r.sex for r in records], pa.string()),
            "phone": pa.array([r.phone for r in records], pa.string()),
            "regions": pa.array(regions, pa.list_(pa.string())),
        }
    )


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


def _name_levels(records: Sequence[Normal], a: Int, b: Int) -> Levels:
    """Levels of the name comparison, computed once per distinct pair of names."""
    names: dict[str | None, int] = {}
    code = np.array([names.setdefault(record.name, len(names)) for record in records], dtype=np.int64)
    if not len(a):
        return np.zeros(0, dtype=np.int8)
    bearers = np.bincount(code, minlength=len(names))
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
            level[row] = 5 if bearers[names[one]] <= RARE else 4
        elif sound[one] == sound[other]:
            level[row] = 3
        else:
            level[row] = 2 if distance == 1 and min(len(one), len(other)) >= 2 else 1
    return level[back]
