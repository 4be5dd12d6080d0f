"""Masks hide the same wherever they are laid."""

from __future__ import annotations

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.access.masks import MASKS, mask_sql, mask_text


@given(value=st.text("0123456789X", max_size=24), name=st.sampled_from(sorted(MASKS)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
async def test_a_mask_is_the_same_in_hand_and_in_the_database(pool: asyncpg.Pool, value: str, name: str) -> None:
    shown = mask_text(name, value)
    assert shown == await pool.fetchval(f"SELECT {mask_sql(name, '$1::text')}", value)  # a mask of ours
    assert mask_text(name, None) is None
