"""Typed inputs and outputs of the matching service.

People and targets travel as columns (one array a field, one row an entity), since everything downstream is array
arithmetic over millions of rows. Conventions, used by every column unless it says otherwise:

- ordinals are ``int8`` in the order of the code list of :mod:`schema.codes` named in the comment; ``-1`` is unknown;
- flags are ``int8``: 1 yes, 0 no, -1 unknown;
- money is ``float32`` yuan per month, unknown is NaN;
- regions are ``int64``, the twelve-digit code read as a number; 0 is unknown;
- occupations are ``int32``, ``d-dd-dd-dd`` read as the seven-digit number ``ddddddd``; 0 is unknown;
- dates are ``datetime64[D]``, unknown is NaT.

Sex is not among the columns: it enters no rule and no score. The registry derives ``retires_on`` beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

Kind = Literal["opening", "programme", "post"]
KINDS: tuple[Kind, ...] = ("opening", "post", "programme")

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
Dates = NDArray[np.datetime64]
Text = NDArray[np.object_]


class _Columns:
    """Row selection and length shared by the column sets."""

    __slots__ = ()

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """The same columns, only these rows; a column that is not there stays so."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]  # every subclass is a dataclass
        return type(self)(**{name: None if column is None else column[rows] for name, column in columns.items()})


@dataclass(frozen=True, slots=True)
class People(_Columns):
    """Work-willing people, n rows."""

    person_id: Int64
    household_id: Int64  # 0 = none known; such a person is a household of their own
    registered_region: Int64
    living_region: Int64
    born_on: Dates
    retires_on: Dates
    education: Int8  # EDUCATION
    skill_level: Int8  # SKILL_LEVEL order (0 = level five ... 4 = level one), -1 = holds none or unknown
    skill_occupation: Int32  # occupation of the highest certificate
    labour_ability: Int8  # LABOUR_ABILITY: 0 none, 1 partial, 2 full
    health: Int8  # 0 healthy, 1 chronic, 2 serious, 3 disabled
    disability_level: Int8  # DISABILITY_LEVEL order, -1 = none or unknown
    cannot_leave_home: Int8
    accepts_night_shift: Int8
    wish_scope: Int8  # WISH_SCOPE: 0 county, 1 province, 2 outside
    wish_occupation: Int32
    wish_wage: Float32
    former_occupation: Int32
    away_months: Float32  # months worked away in the last year, NaN unknown
    monitored: Int8
    poverty_exited: Int8
    low_income: Int8
    household_in_work: Int8  # members of the household in work, capped at 127
    zero_employment: Int8  # of the household
    holds_post: Int8  # already in a welfare post, forestry's included
    nationality: Int8  # GB/T 3304 number; for the audit of fairness only, in no rule and no score
    text: Text  # wishes, skills and former work, as written

    def __len__(self) -> int:
        return len(self.person_id)


@dataclass(frozen=True, slots=True)
class Openings(_Columns):
    """Openings, m rows."""

    target_id: Int64
    region: Int64
    occupation: Int32
    wage_low: Float32
    wage_high: Float32
    vacancies: Int32  # still to be filled
    education_min: Int8  # -1 = none asked
    age_min: Int8  # -1 = none asked
    age_max: Int8
    skill_level_min: Int8  # -1 = none asked
    skill_occupation: Int32
    heavy_labour: Int8
    night_shift: Int8
    lodging: Int8
    social_insurance: Int8
    piece_wage: Int8
    channel: Int8  # 0 local, 1 province, 2 shanghai, 3 guangdong
    text: Text  # title and duties
    term_months: Int32 | None = None  # length of the contract, 0 = not said; None where nobody recorded it

    def __len__(self) -> int:
        return len(self.target_id)


@dataclass(frozen=True, slots=True)
class Posts(_Columns):
    """Public-welfare posts, m rows."""

    target_id: Int64
    region: Int64  # township or village served
    vacancies: Int32
    wage: Float32
    heavy_labour: Int8
    forestry: Int8
    term_months: Int32
    text: Text

    def __len__(self) -> int:
        return len(self.target_id)


@dataclass(frozen=True, slots=True)
class Programmes(_Columns):
    """Training programmes, m rows."""

    target_id: Int64
    region: Int64
    occupation: Int32
    seats: Int32
    education_min: Int8
    age_min: Int8
    age_max: Int8
    skill_level: Int8  # SKILL_LEVEL order of the level awarded, -1 = none
    certificate_kind: Int8  # CERTIFICATE_KIND: 0 completion, 1 special ability, 2 skill level
    days: Int32
    starts_on: Dates
    text: Text

    def __len__(self) -> int:
        return len(self.target_id)


Targets = Openings | Posts | Programmes


@dataclass(frozen=True, slots=True)
class Evidence(_Columns):
    """What the program itself puts on record about people before it judges posts, one row a person; None = nothing."""

    no_local_option: Int8 | None = None  # 1: no opening near home is open to the person, 0: there is one


@dataclass(frozen=True, slots=True)
class History:
    """Past offers, h rows: each was shown to the person; ``outcome`` says how far it went."""

    people: People  # as they were known, one row an offer
    openings: Openings  # one row an offer
    shown_on: Dates
    placed: Bool  # the offer ended in a placement
    months_kept: Float32  # NaN where not placed or still running

    def __len__(self) -> int:
        return len(self.placed)


class Verdict:
    """Three-valued answers of a rule, as ``int8`` codes."""

    FAIL = np.int8(0)
    PASS = np.int8(1)
    ASK = np.int8(2)


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule says of one pair. ``rule`` is the rule's stable code; ``detail`` holds what the text needs."""

    rule: str
    verdict: Literal["fail", "pass", "ask"]
    legal_basis: str
    detail: dict[str, str | int | float | None]


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of an explanation, from a term the score used. ``contribution`` is in units of the score."""

    code: str
    contribution: float
    detail: dict[str, str | int | float | None]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Recommendations of one kind: ragged lists stored flat, ``indptr`` of shape (n_people + 1,)."""

    kind: Kind
    indptr: Int64
    target_row: Int32  # row in the targets
    score: Float32  # expected surplus, descending within a person
    probability: Float32
    allocated: Bool  # at most one true a person


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Someone who got nothing: the stage and the binding reason."""

    person_row: int
    stage: Literal["eligibility", "allocation"]
    code: str
    detail: dict[str, str | int | float | None]
