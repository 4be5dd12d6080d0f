"""Names by nationality, sex and decade: pools and styles of ``names.toml`` put together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schema.codes import NATIONALITY
from simulate.families import CHILD, GRANDCHILD, SIBLING, Families
from simulate.marginals import Bool, Dice, Int, band_of, load_marginals, load_names

#: Decades of birth by which Han given names differ; pools han_m_1 to han_m_4.
_COHORTS = (1965, 1985, 2003, 2100)
_TRIES = 6


def name_people(families: Families, dice: Dice) -> pa.StringArray:
    """One name a person: children carry their father's family name, and often a character in common."""
    tables = load_names()
    count = len(families)
    style_names = list(tables["style"])
    style = _styles(families, tables, style_names, dice)
    # A family name needs one style: the child of a father who goes by a name without one falls back to the father's.
    style = np.where(families.nationality == families.nationality[families.father], style[families.father], style)
    parts = {part: np.full(count, "", dtype=object) for part in ("first", "separator", "second", "third")}
    inherits = np.array([bool(tables["style"][name].get("family")) for name in style_names])
    same = inherits[style] & (style == style[families.father])
    rows = np.arange(count)
    for _ in range(_TRIES):
        for position, name in enumerate(style_names):
            of_style = rows[style[rows] == position]
            if len(of_style):
                _fill(parts, of_style, tables["style"][name], families=families, pools=tables["pool"], dice=dice)
        parts["first"] = np.where(same, parts["first"][families.father], parts["first"])
        columns = [pa.array(parts[part], type=pa.string()) for part in ("first", "separator", "second", "third")]
        names = pc.binary_join_element_wise(*columns, "")
        rows = _namesakes(names, families)
        if not len(rows):
            break
    return names


def _namesakes(names: pa.StringArray, families: Families) -> Int:
    """Rows of those who share their name with somebody before them in the household."""
    code = names.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    key = families.household * (int(code.max()) + 1) + code
    first = np.unique(key, return_index=True)[1]
    later = np.ones(len(key), dtype=bool)
    later[first] = False
    # A new name for whoever gives the family name would rename the family.
    return np.flatnonzero(later & (families.father != np.arange(len(key))))


def _styles(families: Families, tables: dict[str, Any], style_names: list[str], dice: Dice) -> Int:
    style = np.zeros(len(families), dtype=np.int64)
    for position, entry in enumerate(NATIONALITY.entries):
        rows = np.flatnonzero(families.nationality == position)
        if len(rows):
            mixture = tables["mixture"].get(entry.zh, {"other": 1.0})
            chosen = dice.pick(list(mixture.values()), len(rows))
            style[rows] = np.array([style_names.index(name) for name in mixture])[chosen]
    return style


def _fill(
    parts: dict[str, Any], rows: Int, style: dict[str, Any], *, families: Families, pools: dict[str, str], dice: Dice
) -> None:
    male = families.male[rows]
    parts["first"][rows] = _from_pool(style["first"], male, pools, dice)
    parts["separator"][rows] = style.get("separator", "")
    if style.get("given") == "han":
        _fill_han(parts, rows, families, pools, dice)
        return
    parts["second"][rows] = _from_pool(style["second"], male, pools, dice)
    if "third" in style:
        third = _from_pool(style["third"], male, pools, dice)
        third[dice.chance(style["third_empty"], len(rows)) | (third == parts["second"][rows])] = ""
        parts["third"][rows] = third


def _fill_han(parts: dict[str, Any], rows: Int, families: Families, pools: dict[str, str], dice: Dice) -> None:
    year = families.born_on[rows].astype("datetime64[Y]").astype(np.int64) + 1970
    cohort = band_of(_COHORTS, year)
    second = np.full(len(rows), "", dtype=object)
    third = np.full(len(rows), "", dtype=object)
    for number in range(len(_COHORTS)):
        for is_male, letter in ((True, "m"), (False, "f")):
            here = (cohort == number) & (families.male[rows] == is_male)
            pool = pools[f"han_{letter}_{number + 1}"].split()
            second[here] = _draw(pool, int(here.sum()), dice)
            third[here] = _draw(pool, int(here.sum()), dice)
    _share_generation(second, rows, families, pools, dice)
    single = dice.chance(np.array(load_marginals()["given_names"]["single"])[cohort]) | (second == third)
    third[single] = ""
    parts["second"][rows], parts["third"][rows] = second, third


def _share_generation(second: Any, rows: Int, families: Families, pools: dict[str, str], dice: Dice) -> None:
    """In some households the children, or the grandchildren, share the first character of the given name."""
    role = families.role[rows]
    pool = np.array(pools["han_m_2"].split(), dtype=object)
    for group in (CHILD, GRANDCHILD, SIBLING):
        character = pool[dice.rng.integers(0, len(pool), families.households)]
        shares = dice.chance(load_marginals()["given_names"]["shared_character"], families.households)
        here = (role == group) & shares[families.household[rows]]
        second[here] = character[families.household[rows[here]]]


def _from_pool(name: str, male: Bool, pools: dict[str, str], dice: Dice) -> Any:
    """Entries of a pool, by sex where the pool has two halves."""
    if name in pools:
        return _draw(pools[name].split(), len(male), dice)
    men, women = (_draw(pools[f"{name}_{letter}"].split(), len(male), dice) for letter in "mf")
    return np.where(male, men, women)


def _draw(pool: list[str], count: int, dice: Dice) -> Any:
    weights = 1.0 / (np.arange(len(pool)) + 3.0)
    return np.array(pool, dtype=object)[dice.pick(weights, count)]
