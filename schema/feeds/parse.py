"""The reading of one layout from TOML, with one clear complaint about the first thing that is wrong."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from schema.codes import DEPARTMENT, LISTS, fold_label
from schema.feeds.fields import FIELDS
from schema.feeds.layout import Derivation, Field, Layout, LayoutError, Mode, fold_heading

FORMATS: Final = ("csv", "xlsx", "xls", "ndjson", "parquet")
ENCODINGS: Final = ("utf-8", "gb18030", "utf-16")
#: Placeholders for "nothing" that no field means as a value.
EMPTY: Final = ("-", "--", "—", "——", "/", "\\", "null", "none", "n/a", "#n/a", "nan", "空", "未填")
#: Beginnings of rows that hold no record.
FOOTERS: Final = (
    "合计", "总计", "小计", "共计", "填表人", "填报人", "制表", "审核人", "经办人", "负责人", "单位负责人", "填报单位",
    "填表日期", "填报日期", "联系人:", "注:", "备注:", "说明:", "以下空白",
)  # fmt: skip
DATE_FORMS: Final = ("YYYY-M-D", "YYYY/M/D", "YYYY.M.D", "YYYY年M月D日", "YYYYMMDD", "serial")
MONTH_FORMS: Final = ("YYYY-M", "YYYY/M", "YYYY.M", "YYYY年M月", "YYYYMM")
#: Longest first, so that one is not read as another and a rest.
UNITS: Final = ("元/人/月", "元/月", "元/天", "元/年", "周岁", "个月", "元", "岁", "人", "名", "天", "月", "年")
YES: Final = ("是", "有", "√", "1", "y", "yes", "true", "已", "对")
NO: Final = ("否", "无", "×", "0", "n", "no", "false", "未", "不是", "没有")

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FORM: Final = re.compile(r"serial|(?:YYYY|MM|M|DD|D|[^A-Za-z0-9\s])+")
_KEYS: Final = {
    "name", "title", "entity", "department", "mode", "formats", "encodings", "heading_rows", "search_rows", "footers",
    "empty", "date_forms", "month_forms", "required_headings", "record_key", "fields", "derive", "fill_down",
    "constants", "rows_at",
}  # fmt: skip
_FIELD_KEYS: Final = {
    "headings", "required", "codes", "empty", "forms", "partial", "min", "max", "units", "range", "yes",
    "no", "inverted",
}  # fmt: skip
_DERIVE_KEYS: Final = {"from", "how", "digits"}
_HOWS: Final = ("region_prefix", "region_of_address")


def parse_layout(text: str, *, source: str) -> Layout:
    """Read one layout.

    Parameters
    ----------
    text
        TOML.
    source
        What to call it in an error: the file's name.

    Raises
    ------
    LayoutError
        Not TOML, a key that means nothing, a field that does not exist, a code outside its list, and the like.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LayoutError(source, "", f"is not TOML ({error})") from error
    return _Parser(source, table).parse(hashlib.sha256(text.encode()).digest())


class _Parser:
    """Walks one TOML table; every complaint names the place."""

    def __init__(self, source: str, table: dict[str, Any]) -> None:
        self.source, self.table = source, table

    def fail(self, where: str, what: str) -> LayoutError:
        return LayoutError(self.source, where, what)

    def parse(self, sha256: bytes) -> Layout:
        table = self.table
        self.known_keys("", table, _KEYS)
        name = self.text("name")
        if not _NAME.fullmatch(name):
            raise self.fail("name", "must be lower-case letters, digits and underscores, beginning with a letter")
        entity = self.one_of("entity", table.get("entity"), tuple(FIELDS))
        department = self.text("department")
        if entity == "person" and department not in DEPARTMENT and not _NAME.fullmatch(department):
            raise self.fail("department", "must be a code in lower-case letters")
        kinds = FIELDS[entity]
        fields = self.fields(kinds)
        derive = self.derivations(kinds, fields)
        constants = self.constants(kinds, fields)
        filled = {*fields, *constants, *(item.name for item in derive)}
        group, fill = self.fill_down(fields)
        required = self.names("required_headings", fields, default=[f.name for f in fields.values() if f.required])
        if not required:
            raise self.fail("required_headings", "name at least one, or any file would do")
        return Layout(
            name=name,
            title=str(table.get("title", name)),
            entity=entity,
            department=department,
            mode=cast(Mode, self.one_of("mode", table.get("mode", "full"), ("full", "delta"))),
            formats=tuple(self.one_of("formats", item, FORMATS) for item in self.strings("formats", list(FORMATS))),
            encodings=tuple(
                self.one_of("encodings", item, ENCODINGS) for item in self.strings("encodings", ["utf-8", "gb18030"])
            ),
            heading_rows=self.whole("heading_rows", 2, 1, 5),
            search_rows=self.whole("search_rows", 20, 1, 60),
            footers=tuple(fold_label(item) for item in self.strings("footers", list(FOOTERS))),
            required_headings=required,
            record_key=self.record_key(filled),
            fields=fields,
            derive=derive,
            fill_group=group,
            fill_fields=fill,
            constants=constants,
            rows_at=str(table.get("rows_at", "")),
            sha256=sha256,
        )

    # -- parts ---------------------------------------------------------------------------------------------------------

    def fields(self, kinds: Mapping[str, str]) -> dict[str, Field]:
        tables = self.table.get("fields")
        if not isinstance(tables, dict) or not tables:
            raise self.fail("fields", "there must be at least one [fields.NAME]")
        empty = self.strings("empty", list(EMPTY))
        fields: dict[str, Field] = {}
        headings: dict[str, str] = {}
        for name, table in tables.items():
            where = f"fields.{name}"
            if name not in kinds:
                raise self.fail(where, f"the register has no such field; it has {', '.join(sorted(kinds))}")
            if not isinstance(table, dict):
                raise self.fail(where, "must be a table")
            self.known_keys(where, table, _FIELD_KEYS)
            fields[name] = self.field(where, name, kinds[name], table, empty)
            for heading in fields[name].headings:
                other = headings.setdefault(fold_heading(heading), name)
                if other != name:
                    raise self.fail(f"{where}.headings", f"{heading!r} already stands for {other}")
        return fields

    def field(self, where: str, name: str, kind: str, table: dict[str, Any], empty: list[str]) -> Field:
        headings = self.strings(f"{where}.headings", [], table)
        if not headings or not all(fold_heading(item) for item in headings):
            raise self.fail(f"{where}.headings", "there must be at least one, and none may be blank")
        defaults = list({"date": DATE_FORMS, "month": MONTH_FORMS}.get(kind, ()))
        if kind in ("date", "month"):
            defaults = self.strings(f"{kind}_forms", defaults)
        forms = self.strings(f"{where}.forms", defaults, table)
        if kind == "month" or table.get("partial"):
            # A month's column may hold days, and a day's column, where the layout allows it, months.
            other = ("date_forms", DATE_FORMS) if kind == "month" else ("month_forms", MONTH_FORMS)
            forms = [*forms, *self.strings(other[0], list(other[1]))]
        for form in forms:
            if not _FORM.fullmatch(form) or (form != "serial" and ("YYYY" not in form or "M" not in form)):
                raise self.fail(f"{where}.forms", f"{form!r} is no form of a date; write it like YYYY-M-D")
        return Field(
            name=name,
            kind=kind,
            headings=tuple(headings),
            required=self.flag(f"{where}.required", table.get("required", False)),
            codes=self.codes(where, kind, table.get("codes", {})),
            empty=frozenset(fold_label(item) for item in [*empty, *self.strings(f"{where}.empty", [], table)]),
            forms=tuple(dict.fromkeys(forms)),
            partial=self.flag(f"{where}.partial", table.get("partial", False)),
            min=self.number(f"{where}.min", table.get("min")),
            max=self.number(f"{where}.max", table.get("max")),
            units=tuple(sorted([*UNITS, *self.strings(f"{where}.units", [], table)], key=len, reverse=True)),
            span=self.span(where, table.get("range")),
            flags=self.flags(where, table),
        )

    def flags(self, where: str, table: dict[str, Any]) -> dict[str, bool]:
        inverted = self.flag(f"{where}.inverted", table.get("inverted", False))
        flags: dict[str, bool] = {}
        for key, own, truth in (("yes", YES, True), ("no", NO, False)):
            for label in [*own, *self.strings(f"{where}.{key}", [], table)]:
                if flags.setdefault(fold_label(label), truth is not inverted) is not (truth is not inverted):
                    raise self.fail(f"{where}.{key}", f"{label!r} means yes and no at once")
        return flags

    def span(self, where: str, value: object) -> Literal["low", "high"] | None:
        if value is None:
            return None
        return cast(Literal["low", "high"], self.one_of(f"{where}.range", value, ("low", "high")))

    def codes(self, where: str, kind: str, table: object) -> dict[str, str]:
        if not isinstance(table, dict):
            raise self.fail(f"{where}.codes", "must be a table of label = code")
        if table and not kind.startswith("code"):
            raise self.fail(f"{where}.codes", f"the field holds {kind}, not a code")
        if kind == "code" and not table:
            raise self.fail(f"{where}.codes", "must map the form's words to codes")
        allowed = LISTS[kind.removeprefix("code:")] if kind.startswith("code:") else None
        for label, code in table.items():
            if not isinstance(code, str) or (allowed is not None and code not in allowed):
                raise self.fail(f"{where}.codes", f"{label!r} is given a code outside {kind.removeprefix('code:')}")
        return {fold_label(label): code for label, code in table.items()}

    def derivations(self, kinds: Mapping[str, str], fields: Mapping[str, Field]) -> tuple[Derivation, ...]:
        found = []
        for name, table in self.mapping("derive").items():
            where = f"derive.{name}"
            if not isinstance(table, dict):
                raise self.fail(where, "must be a table")
            self.known_keys(where, table, _DERIVE_KEYS)
            how = self.one_of(f"{where}.how", table.get("how"), _HOWS)
            if kinds.get(name) != "region":
                raise self.fail(where, "only a region can be derived")
            if name in fields:
                raise self.fail(where, "is a field of the form as well; it can be only one of the two")
            source = self.one_of(f"{where}.from", table.get("from"), tuple(fields))
            digits = self.whole(f"{where}.digits", 12, 6, 12, table=table, key="digits")
            if digits not in (6, 9, 12):
                raise self.fail(f"{where}.digits", "must be 6, 9 or 12")
            found.append(Derivation(name, source, cast(Literal["region_prefix", "region_of_address"], how), digits))
        return tuple(found)

    def constants(self, kinds: Mapping[str, str], fields: Mapping[str, Field]) -> dict[str, str | int | float | bool]:
        constants = self.mapping("constants")
        for name, value in constants.items():
            where = f"constants.{name}"
            if name not in kinds or name in fields:
                raise self.fail(where, "must be a field of the register that the form has no column for")
            kind = kinds[name]
            allowed = LISTS[kind.removeprefix("code:")] if kind.startswith("code:") else None
            wanted = {"bool": (bool,), "int": (int,), "number": (int, float)}.get(kind, (str,))
            if type(value) not in wanted or (allowed is not None and value not in allowed):
                raise self.fail(where, f"the value is no {kind}")
        return constants

    def fill_down(self, fields: Mapping[str, Field]) -> tuple[str | None, tuple[str, ...]]:
        table = self.mapping("fill_down")
        if not table:
            return None, ()
        self.known_keys("fill_down", table, {"group", "fields"})
        group = self.one_of("fill_down.group", table.get("group"), tuple(fields))
        return group, self.names("fields", fields, table=table, where="fill_down.fields")

    def record_key(self, filled: set[str]) -> tuple[tuple[str, ...], ...]:
        keys = self.table.get("record_key")
        if not isinstance(keys, list) or not keys or not all(isinstance(key, list) and key for key in keys):
            raise self.fail("record_key", "must be a list of lists of fields, the best first")
        return tuple(tuple(self.one_of("record_key", name, tuple(sorted(filled))) for name in key) for key in keys)

    # -- values --------------------------------------------------------------------------------------------------------

    def known_keys(self, where: str, table: Mapping[str, Any], allowed: set[str]) -> None:
        unknown = sorted(set(table) - allowed)
        if unknown:
            raise self.fail(where or "top level", f"{unknown[0]!r} means nothing here; known: {sorted(allowed)}")

    def text(self, key: str) -> str:
        value = self.table.get(key)
        if not isinstance(value, str) or not value:
            raise self.fail(key, "is missing or no text")
        return value

    def strings(self, where: str, default: list[str], table: Mapping[str, Any] | None = None) -> list[str]:
        value = (self.table if table is None else table).get(where.rpartition(".")[2], default)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(where, "must be a list of texts")
        return value

    def names(
        self, key: str, fields: Mapping[str, Field], *, default: list[str] | None = None,
        table: Mapping[str, Any] | None = None, where: str = "",
    ) -> tuple[str, ...]:  # fmt: skip
        names = self.strings(key, default or [], table)
        return tuple(self.one_of(where or key, name, tuple(fields)) for name in names)

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(key, "must be a table")
        return value

    def one_of(self, where: str, value: object, allowed: tuple[str, ...]) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise self.fail(where, f"{value!r} is not one of {', '.join(allowed)}")
        return value

    def whole(
        self, where: str, default: int, low: int, high: int, *, table: Mapping[str, Any] | None = None, key: str = ""
    ) -> int:
        value = (self.table if table is None else table).get(key or where, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.fail(where, f"must be a whole number from {low} to {high}")
        return value

    def number(self, where: str, value: object) -> float | None:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self.fail(where, "must be a number")
        return value

    def flag(self, where: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise self.fail(where, "must be true or false")
        return value
