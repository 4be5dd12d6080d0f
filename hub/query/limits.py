"""How much one operation may ask for. Checked before anything is run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
)

from hub.errors import HubError, InvalidInput, LimitExceeded
from hub.query.binding import Literally, Run, Source, read_source
from hub.query.tree import Cost

#: PostgreSQL cuts identifiers at 63 bytes, and a response key is one.
LONGEST_KEY = 63


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of an operation.

    Attributes
    ----------
    characters, tokens
        Of the document.
    depth
        Response keys from the root to a leaf.
    fields, aliases, directives, spreads
        As they stand in the document.
    repeats
        Times that a response key may stand in one selection set; validation compares them two by two.
    items
        Fields when all fragments are spread out; bounds the statement.
    values
        Values of a full answer, by the page sizes asked for.
    """

    characters: int = 100_000
    tokens: int = 4000
    depth: int = 15
    fields: int = 1000
    aliases: int = 300
    directives: int = 100
    spreads: int = 200
    repeats: int = 30
    items: int = 1500
    values: int = 250_000


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Refuse what would cost too much to validate.

    Raises
    ------
    LimitExceeded, InvalidInput
        ``query_too_deep``, ``too_many_<what>``; ``alias_too_long``, ``alias_reserved``.
    """
    counts: Counter[str] = Counter()
    stack = [
        (list(node.selection_set.selections), 1)
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    while stack:
        selections, depth = stack.pop()
        # Inline fragments do not deepen the answer, but they do deepen whatever walks the document.
        if depth > 2 * limits.depth:
            raise too_deep(limits)
        keys: Counter[str] = Counter()
        for node in selections:
            counts["directives"] += len(node.directives or ())
            below = _count(node, counts, keys)
            if below:
                stack.append((below, depth + 1))
        if keys and max(keys.values()) > limits.repeats:
            raise _too_many("repeats", limits.repeats)
        for what in ("fields", "aliases", "directives", "spreads"):
            if counts[what] > getattr(limits, what):
                raise _too_many(what, getattr(limits, what))


def _count(node: SelectionNode, counts: Counter[str], keys: Counter[str]) -> list[SelectionNode]:
    if isinstance(node, FragmentSpreadNode):
        counts["spreads"] += 1
        return []
    if isinstance(node, InlineFragmentNode):
        counts["spreads"] += 1
        return list(node.selection_set.selections)
    assert isinstance(node, FieldNode)  # noqa: S101 - there is no fourth kind
    counts["fields"] += 1
    if node.alias is not None:
        counts["aliases"] += 1
        _check_alias(node.alias.value)
    keys[node.alias.value if node.alias else node.name.value] += 1
    return list(node.selection_set.selections) if node.selection_set else []


def _check_alias(alias: str) -> None:
    if len(alias) > LONGEST_KEY:
        raise LimitExceeded("alias_too_long", f"An alias has at most {LONGEST_KEY} characters.", hint="Shorten it.")
    if alias.startswith("__"):
        raise InvalidInput("alias_reserved", "Names that begin with two underscores are GraphQL's own.")


def check_cost(cost: Cost, run: Run, limits: Limits) -> None:
    """Refuse what a full answer of would be too large.

    Raises
    ------
    LimitExceeded
        ``query_too_costly``.
    """
    if (asked := values_of_cost(cost, run)) > limits.values:
        raise LimitExceeded(
            "query_too_costly",
            f"A full answer would hold {asked} values; at most {limits.values} are given at once.",
            hint="Ask for smaller pages or fewer fields, and page on.",
        )


def fold_cost(cost: Cost) -> Cost:
    """The same cost with the lists multiplied out whose sizes stand in the document."""
    own, lists = cost.own, []
    for size, below in cost.lists:
        folded = fold_cost(below)
        times = None if folded.lists else _fixed(size)
        if times is None:
            lists.append((size, folded))
        else:
            own += times * folded.own
    return Cost(own, tuple(lists))


def _fixed(size: Source) -> int | None:
    if not isinstance(size, Literally):
        return None
    try:
        return int(size.value if size.convert is None else size.convert(size.value, date.min))
    except HubError:  # said when the statement is run, like all that is wrong with values
        return None


def values_of_cost(cost: Cost, run: Run) -> int:
    """How many values a full answer has."""
    return cost.own + sum(int(read_source(size, run)) * values_of_cost(below, run) for size, below in cost.lists)


def too_deep(limits: Limits) -> LimitExceeded:
    """The error of a query that goes too deep."""
    return LimitExceeded("query_too_deep", f"A query goes at most {limits.depth} levels deep.", hint="Ask in two.")


def too_many_items(limits: Limits) -> LimitExceeded:
    """The error of a query whose fragments spread out to too much."""
    return _too_many("items", limits.items)


def _too_many(what: str, most: int) -> LimitExceeded:
    words = {"repeats": "times the same field in one place", "items": "fields, all fragments spread out"}
    return LimitExceeded(f"too_many_{what}", f"A query has at most {most} {words.get(what, what)}.", hint="Ask in two.")
