"""How long the audit is kept: the reader of ``rules/audit.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class AuditRules:
    """Months that entries are kept, on which basis, and months whose tables are made ahead."""

    keep_months: int
    legal_basis: tuple[str, ...]
    months_ahead: int

    def kept_from(self, day: date) -> date:
        """The first day that is still kept on ``day``; whole months before it may go."""
        return add_months(day, -self.keep_months)


def add_months(day: date, months: int) -> date:
    """The first of the month so many months on."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


@cache
def load_audit_rules() -> AuditRules:
    """The rules in force."""
    body = tomllib.loads(resources.files("schema").joinpath("rules/audit.toml").read_text(encoding="utf-8"))
    return AuditRules(body["keep"]["months"], tuple(body["keep"]["legal_basis"]), body["tables"]["months_ahead"])
