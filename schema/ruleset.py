"""The rules of eligibility as versioned data: what each kind of rule is told, on which legal basis, where and when.

A rule's *kind* is code (``matching.rules``); its parameters, region, dates and what an unknown field means are data
(``rules/eligibility.toml``), so that a county, a new notice or a what-if is another file and no other program.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any, Literal, get_args

TargetKind = Literal["opening", "post", "programme"]
Unknown = Literal["ask", "pass", "fail"]

_REQUIRED = {"code", "kind", "targets", "zh", "en", "reads", "unknown", "legal_basis", "in_force_from"}
_OPTIONAL = {"parameters", "region", "in_force_to", "confirmed", "active"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule with its parameters.

    Attributes
    ----------
    code
        Stable name that verdicts and stored shortfalls carry. Entries that share it are versions of one rule: for other
        targets, another region or other dates.
    kind
        The module of ``matching.rules`` that applies it.
    targets
        Kinds of targets it is applied to.
    reads
        Columns of people, targets and evidence that the verdict depends on.
    unknown
        What a field that decides and is not known means: ``ask`` the person (eligible meanwhile), ``pass`` or ``fail``.
    legal_basis
        Law, notice or decision; ``confirmed`` is false where no official text was found and the value is a default.
    region
        Twelve digits; the rule binds people who live inside it. Empty binds everybody. Of entries with one code the
        nearest region decides.
    in_force_from, in_force_to
        First and last day; no last day when None.
    active
        False keeps a rule on record without applying it.
    """

    code: str
    kind: str
    targets: tuple[TargetKind, ...]
    zh: str
    en: str
    reads: tuple[str, ...]
    unknown: Unknown
    legal_basis: str
    in_force_from: date
    in_force_to: date | None
    region: str
    confirmed: bool
    active: bool
    parameters: Mapping[str, Any]

    def in_force(self, day: date) -> bool:
        """Whether the rule is applied on ``day``."""
        return self.active and self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules, versioned. ``sha256`` is the hex digest of the text; ``body`` is the text's content as JSON values."""

    version: str
    sha256: str
    rules: tuple[Rule, ...]
    body: Mapping[str, Any]

    def in_force(self, day: date, target: TargetKind | None = None) -> Iterator[Rule]:
        """The rules applied on ``day``, to one kind of target or to any, in the order of the file."""
        for rule in self.rules:
            if rule.in_force(day) and (target is None or target in rule.targets):
                yield rule

    def label(self, code: str, lang: Literal["zh", "en"]) -> str:
        """The rule's name in words; the code as it stands when no rule has it."""
        for rule in self.rules:
            if rule.code == code:
                return rule.zh if lang == "zh" else rule.en
        return code


def parse_ruleset(text: str) -> RuleSet:
    """The rule set from the text of an ``eligibility.toml``.

    Raises
    ------
    ValueError
        The text is no TOML, a key is missing or unknown, or two entries of one code bind the same people, targets and
        days: contradictory rules are refused here and not guessed at.
    """
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"rules: {error}") from error
    version = body.get("version")
    if not isinstance(version, str) or not version:
        raise ValueError("rules: version is missing")
    rules = tuple(_parse_rule(entry) for entry in body.get("rule", []))
    _refuse_contradictions(rules)
    return RuleSet(version, hashlib.sha256(text.encode()).hexdigest(), rules, _as_json(body))


def _parse_rule(entry: Mapping[str, Any]) -> Rule:
    code = entry.get("code", "?")
    missing, odd = _REQUIRED - set(entry), set(entry) - _REQUIRED - _OPTIONAL
    if missing or odd:
        raise ValueError(f"rule {code}: missing {sorted(missing)}, unknown {sorted(odd)}")
    if entry["unknown"] not in get_args(Unknown):
        raise ValueError(f"rule {code}: unknown is {entry['unknown']!r}, not ask, pass or fail")
    if not entry["targets"] or set(entry["targets"]) - set(get_args(TargetKind)):
        raise ValueError(f"rule {code}: targets are {entry['targets']!r}")
    region = entry.get("region", "")
    if region and not (len(region) == 12 and region.isdigit()):
        raise ValueError(f"rule {code}: region {region!r} is no twelve-digit code")
    ends = entry.get("in_force_to")
    if ends is not None and ends < entry["in_force_from"]:
        raise ValueError(f"rule {code}: ends before it begins")
    return Rule(
        code=code,
        kind=entry["kind"],
        targets=tuple(entry["targets"]),
        zh=entry["zh"],
        en=entry["en"],
        reads=tuple(entry["reads"]),
        unknown=entry["unknown"],
        legal_basis=entry["legal_basis"],
        in_force_from=entry["in_force_from"],
        in_force_to=ends,
        region=region,
        confirmed=entry.get("confirmed", True),
        active=entry.get("active", True),
        parameters=entry.get("parameters", {}),
    )


def _refuse_contradictions(rules: tuple[Rule, ...]) -> None:
    for place, rule in enumerate(rules):
        for other in rules[:place]:
            if other.code != rule.code:
                continue
            if other.kind != rule.kind:
                raise ValueError(f"rule {rule.code}: two kinds, {other.kind} and {rule.kind}")
            both_from = max(rule.in_force_from, other.in_force_from)
            both_to = min(rule.in_force_to or date.max, other.in_force_to or date.max)
            same = rule.region == other.region and set(rule.targets) & set(other.targets)
            if same and rule.active and other.active and both_from <= both_to:
                raise ValueError(f"rule {rule.code}: two entries for the same people, targets and days")


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_as_json(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


@lru_cache(maxsize=1)
def load_ruleset() -> RuleSet:
    """The rule set that ships with the program."""
    return parse_ruleset(resources.files("schema").joinpath("rules/eligibility.toml").read_text(encoding="utf-8"))
