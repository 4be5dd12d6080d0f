"""What the catalogue is written in: entities, their fields, and the ways between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

FieldType = Literal["id", "text", "int", "float", "bool", "date", "datetime", "json"]
#: public: may be known to anybody; internal: of the administration; personal: about a person; sensitive: article 28 of
#: the Personal Information Protection Law, and what a citizen number or an account would open.
Sensitivity = Literal["public", "internal", "personal", "sensitive"]


@dataclass(frozen=True, slots=True)
class Field:
    """One value of an entity.

    ``codes`` names the list of :mod:`schema.codes` its codes are of; such a field has a companion ``<name>_label``.
    """

    name: str
    type: FieldType
    zh: str
    en: str
    codes: str | None = None
    expression: str | None = None  # SQL over the alias {a}, where the value is no plain column

    @property
    def column(self) -> str:
        """SQL of the value over the alias ``{a}``."""
        return self.expression or f"{{a}}.{self.name}"


@dataclass(frozen=True, slots=True)
class Link:
    """A way from one entity to another.

    ``join`` is SQL over the aliases ``{a}`` (from) and ``{b}`` (to). ``many`` links are Relay connections. Where
    ``target`` is the union "Target", the row's column ``kind`` says which member it is, and ``keys`` where its key is.
    """

    name: str
    target: str  # entity, or "Target" for the union of openings, programmes and posts
    join: str
    many: bool
    zh: str
    en: str
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of thing.

    Attributes
    ----------
    table, key
        SQL of the rows, and of the key over the alias ``{a}``. The key is unique within every list of the entity.
    owner
        Department that answers for the values, where ``authority.toml`` does not say it field by field.
    sensitivity, sensitive
        Of all fields, and the fields that are sensitive though the others are not.
    node
        It can be fetched by its id alone.
    identity
        SQL of what makes the id unique, where the key is unique within one list only.
    """

    name: str
    table: str
    key: str
    fields: tuple[Field, ...]
    links: tuple[Link, ...]
    zh: str
    en: str
    owner: str
    sensitivity: Sensitivity = "personal"
    sensitive: frozenset[str] = frozenset()
    node: bool = True
    identity: str = ""

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)

    def link(self, name: str) -> Link | None:
        """The link of that name."""
        return next((link for link in self.links if link.name == name), None)

    def sensitivity_of(self, name: str) -> Sensitivity:
        """How closely a field is to be kept."""
        return "sensitive" if name in self.sensitive else self.sensitivity


def value(
    name: str, type_: FieldType, zh: str, en: str, codes: str | None = None, expression: str | None = None
) -> Field:
    """A field, as the catalogue writes it down."""
    return Field(name, type_, zh, en, codes, expression)


def one(name: str, target: str, join: str, zh: str, en: str, keys: Mapping[str, str] | None = None) -> Link:
    """A link to at most one."""
    return Link(name, target, join, False, zh, en, keys or {})


def many(name: str, target: str, join: str, zh: str, en: str) -> Link:
    """A link to a list."""
    return Link(name, target, join, True, zh, en)


#: Members of the union "Target".
TARGETS = ("opening", "programme", "post")

VERSION = value("version", "int", "版本", "Raised with each change; sent back by whoever edits")
UPDATED = value("updated_at", "datetime", "更新时间", "When the row last changed")
REGISTERED = one(
    "registered_region", "region", "{b}.region_code = {a}.registered_region_code", "户籍地", "Registered in"
)
LIVING = one("living_region", "region", "{b}.region_code = {a}.living_region_code", "现居住地", "Lives in")
AT = one("region", "region", "{b}.region_code = {a}.region_code", "所在地", "Region")
PERSON = one("person", "person", "{b}.person_id = {a}.person_id AND {b}.gone_on IS NULL", "人员", "The person")
DEPARTMENT = value(
    "department",
    "text",
    "来源部门",
    "Department that said so",
    "department",
    "(SELECT r.department FROM intake.source_record r WHERE r.source_record_id = {a}.source_record_id)",
)


def camel(name: str) -> str:
    """``living_region_code`` → ``livingRegionCode``."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def type_name(entity: str) -> str:
    """``benefit_month`` → ``BenefitMonth``."""
    return "".join(part.capitalize() for part in entity.split("_"))
