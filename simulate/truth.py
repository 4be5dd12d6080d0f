"""Who is who, kept apart from the feeds: never read by intake, only by those who measure it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from schema.codes import EDUCATION, LABOUR_ABILITY, NATIONALITY, SEX
from simulate.columns import labels_of
from simulate.faults import ErrorRates, Record, kinds_column
from simulate.marginals import Bool, Int
from simulate.numbers import digits_of, text_of
from simulate.sheet import Register
from simulate.write_text import write_parquet


@dataclass(slots=True)
class Truth:
    """Rows of the person feeds as they are written, each with the person it speaks of."""

    register: Register
    tables: list[pa.Table] = field(default_factory=list)

    def add(self, file_name: str, person: Int, *, first_line: int, record: Record) -> None:
        """Remember one file. ``first_line`` is the physical line, or worksheet row, of its first record."""
        household = self.register.world.families.household[person]
        self.tables.append(
            pa.table(
                {
                    "file_name": pa.array([file_name]).take(pa.array(np.zeros(len(person), dtype=np.int64))),
                    "line": pa.array(np.arange(first_line, first_line + len(person))),
                    "true_person_id": pa.array(person + 1),
                    "true_household_id": pa.array(household + 1),
                    "errors": kinds_column(record.bits),
                }
            )
        )


def zero_employment(register: Register) -> Bool:
    """Households with at least one willing member and none in work."""
    families, work = register.world.families, register.world.work
    willing = np.bincount(families.household[work.willing], minlength=families.households)
    working = np.bincount(families.household[work.in_work], minlength=families.households)
    return np.asarray((willing > 0) & (working == 0))


def write_truth(
    folder: Path, truth: Truth, *, parameters: dict[str, Any], rates: ErrorRates, counts: dict[str, int]
) -> list[Path]:
    """``persons.parquet``, ``people.parquet`` and ``scenario.json``."""
    paths = [folder / name for name in ("persons.parquet", "people.parquet", "scenario.json")]
    rows = pa.concat_tables(truth.tables)
    write_parquet(paths[0], dict(zip(rows.column_names, rows.columns, strict=True)))
    write_parquet(paths[1], _people(truth.register))
    register = truth.register
    families, work = register.world.families, register.world.work
    scenario = {
        "parameters": parameters,
        "errors": asdict(rates),
        "counts": {
            "households": families.households,
            "persons": len(families),
            "willing": int(work.willing.sum()),
            "willing_who_cannot_leave_home": int(work.cannot_leave.sum()),
            "zero_employment_households": int(zero_employment(register).sum()),
            "person_rows": rows.num_rows,
            **counts,
        },
        "versions": {name: metadata.version(name) for name in ("numpy", "pyarrow", "xlsxwriter")},
    }
    paths[2].write_text(json.dumps(scenario, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return paths


def _people(register: Register) -> dict[str, pa.Array]:
    world = register.world
    families, traits, work, standing = world.families, world.traits, world.work, world.standing
    household = families.household

    def region(village: Int) -> pa.Array:
        return text_of(digits_of(world.places.code[village[household]], 12)).cast(pa.string())

    return {
        "true_person_id": pa.array(np.arange(1, len(families) + 1)),
        "true_household_id": pa.array(household + 1),
        "name": register.names,
        "sex": labels_of([entry.code for entry in SEX.entries], np.where(families.male, 0, 1)),
        "born_on": pa.array(families.born_on),
        "citizen_number": register.numbers,
        "phone": register.phones,
        "nationality": labels_of([entry.code for entry in NATIONALITY.entries], families.nationality),
        "education": labels_of([entry.code for entry in EDUCATION.entries], traits.education),
        "labour_ability": labels_of([entry.code for entry in LABOUR_ABILITY.entries], traits.ability),
        "registered_region_code": region(families.village),
        "living_region_code": region(standing.living_village),
        "in_work": pa.array(work.in_work),
        "willing": pa.array(work.willing),
        "cannot_leave_home": pa.array(work.cannot_leave),
        "zero_employment_household": pa.array(zero_employment(register)[household]),
    }
