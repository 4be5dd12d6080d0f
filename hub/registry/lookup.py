"""People by citizen number: the one place where the register is searched by many numbers at once."""

from __future__ import annotations

from collections.abc import Sequence

from hub.db.fragment import Fragment, bind, sql


def people_by_numbers(numbers: Sequence[str | None]) -> Fragment:
    """SQL of the rows (n, person_id): who has the n-th of the numbers, from 1.

    Parameters
    ----------
    numbers
        Eighteen characters each, or None for what is no number; nobody has that.
    """
    return (
        sql("SELECT asked.n, held.person_id FROM unnest(")
        + bind(list(numbers), "text[]")
        + sql(
            ") WITH ORDINALITY AS asked (number, n)"
            " JOIN registry.person AS held ON held.citizen_number = asked.number AND held.gone_on IS NULL"
        )
    )
