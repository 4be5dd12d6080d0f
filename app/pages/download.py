"""A file as an answer: its pieces as they come; what is behind them ends with the answer, however that ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

from starlette.responses import StreamingResponse

from hub.api.exports.service import Export


class Download(StreamingResponse):
    """An export that was begun.

    Parameters
    ----------
    held
        What to leave when the answer was sent or could not be.
    first
        The first piece: it was waited for, so that an error before it has a page of its own.
    """

    def __init__(self, export: Export, held: AsyncExitStack, first: bytes) -> None:
        async def pieces() -> AsyncGenerator[bytes, None]:
            yield first
            async for piece in export.pieces:
                yield piece

        headers = {
            "content-disposition": f'attachment; filename="{export.file_name}"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        super().__init__(pieces(), media_type=export.media, headers=headers)
        self._held = held

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it."""
        async with self._held:
            await super().__call__(scope, receive, send)
