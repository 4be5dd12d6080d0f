"""Eligibility: one kind of rule a file, parameters as a versioned rule set, verdicts of three values.

Sex is in no rule: it is no column of :class:`matching.records.People`.
"""

from matching.rules.compile import RULE_KINDS, Rules, compile_rules, kind_of
from matching.rules.eligibility import Eligibility
from matching.rules.limits import Limits
from matching.rules.local_option import no_local_option

__all__ = ["RULE_KINDS", "Eligibility", "Limits", "Rules", "compile_rules", "kind_of", "no_local_option"]
