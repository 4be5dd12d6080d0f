"""The compiler against plain resolvers: equal values, equal key order, the same refusals, the same people."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest
from graphql import GraphQLSyntaxError, parse, validate
from hypothesis import HealthCheck, Phase, assume, event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hub.access.claimed import open_claimed
from hub.api.schema import build_schema, core_schema
from hub.clock import FixedClock
from hub.db.pool import open_pool
from hub.errors import HubError
from hub.query.engine import COMPILED_ROOTS, Engine
from hub.query.limits import Limits
from hub.settings import Settings
from tests.query_operations import Operation, operations
from tests.query_register import ACTORS, fill_register
from tests.reference_resolvers import Library, Reference, Refused, reference_schema

#: Operations drawn; ``YUNQIAO_DIFFERENTIAL=5000`` draws more, and others each time.
_DRAWN = int(os.environ.get("YUNQIAO_DIFFERENTIAL", "300"))


def _ordered(value: Any) -> Any:
    """Objects as lists of pairs, so that the order of keys counts; numbers by their value."""
    if isinstance(value, dict):
        return [(key, _ordered(item)) for key, item in value.items()]
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def _fits(document: str) -> bool:
    """Whether a document has no more tokens than the hub reads; few that are drawn have."""
    try:
        parse(document, max_tokens=Limits().tokens)
    except GraphQLSyntaxError:
        return False
    return True


async def _compiled(engine: Engine, pool: Any, operation: Operation, actor: Any, purpose: str) -> tuple[Any, list[int]]:
    read = engine.read_operation(operation.document, None)
    variables = engine.read_variables(read, operation.variables)
    answer = await engine.execute(pool, read, variables, document=operation.document, actor=actor, purpose=purpose)
    return json.loads(answer.data), answer.person_ids


def test_compiled_and_plain_answers_are_equal(settings: Settings, clock: FixedClock) -> None:
    schema = core_schema(build_schema())
    plain = reference_schema(schema)
    # Now and then a long document is drawn: how long one may be is another test's subject.
    engine = Engine(schema, clock, limits=Limits(tokens=20_000))
    seen: Counter[str] = Counter()
    with asyncio.Runner() as runner:
        assert settings.database_url is not None
        opened = AsyncExitStack()
        owner = runner.run(opened.enter_async_context(open_pool(settings.database_url, max_size=1)))
        claimed = runner.run(opened.enter_async_context(open_claimed(settings, clock, max_size=1)))
        try:
            runner.run(fill_register(owner))
            library = runner.run(Library.load(owner))

            @hypothesis_settings(
                max_examples=_DRAWN,
                deadline=None,
                derandomize="YUNQIAO_DIFFERENTIAL" not in os.environ,
                database=None,
                suppress_health_check=list(HealthCheck),
                # Operations are small as they are drawn; making a failing one smaller takes minutes.
                phases=(Phase.generate,),
            )
            @given(operations(plain, library, COMPILED_ROOTS), st.sampled_from(ACTORS))
            def compare(operation: Operation, asker: tuple[Any, str]) -> None:
                assume(_fits(operation.document))
                assert not validate(plain, parse(operation.document)), operation.document
                reference = Reference(plain, library, *asker, clock.today())
                expected = reference.answer(operation.document, operation.variables)
                if isinstance(expected, Refused):
                    with pytest.raises(HubError) as caught:
                        runner.run(_compiled(engine, claimed.of(*asker), operation, *asker))
                    assert caught.value.code in expected.codes
                    seen["refused"] += 1
                    event(f"refused: {caught.value.code}")
                    return
                data, person_ids = runner.run(_compiled(engine, claimed.of(*asker), operation, *asker))
                assert _ordered(data) == _ordered(expected), (asker, operation)
                assert person_ids == sorted(reference.person_ids)
                seen["people" if person_ids else "nobody"] += 1

            compare()
        finally:
            runner.run(opened.aclose())
    # A comparison of nothing with nothing would prove nothing.
    assert seen["people"] > _DRAWN / 8, seen
    assert seen["refused"] > _DRAWN / 50, seen
