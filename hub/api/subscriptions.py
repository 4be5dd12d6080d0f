"""Subscriptions in the schema. None is resolved here: events are read by :mod:`hub.api.live.events`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import strawberry

from schema.types.register import OBJECT_TYPES

if TYPE_CHECKING:
    Opening = Any
else:
    Opening = OBJECT_TYPES["Opening"]


@strawberry.type(description="New recommendations are there（推荐结果已更新）")
class RecommendationsChange:
    """A matching run was finished."""

    run_id: strawberry.ID = strawberry.field(description="The matching run（匹配批次）")
    region_code: str = strawberry.field(description="Region that was matched（匹配地区代码）")
    finished_at: datetime = strawberry.field(description="When it was finished（完成时间）")


@strawberry.type(description="What is told as it happens（变更推送）")
class Subscription:
    """What is told as it happens."""

    @strawberry.subscription(description="An opening that you may see was posted, changed or closed（岗位变更）")  # type: ignore[untyped-decorator]  # a partial of the library
    def opening_changed(
        self, region_code: str | None = None, opening_id: strawberry.ID | None = None
    ) -> AsyncGenerator[Opening, None]:
        """Told by the hub, never run."""
        raise NotImplementedError

    @strawberry.subscription(description="Recommendations of your region were made anew（本地区推荐结果更新）")  # type: ignore[untyped-decorator]  # a partial of the library
    def recommendations_changed(self) -> AsyncGenerator[RecommendationsChange, None]:
        """Told by the hub, never run."""
        raise NotImplementedError
