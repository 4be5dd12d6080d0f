"""The clients, synchronous and not: the same methods, the same retries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from yunqiao_client.errors import Unavailable
from yunqiao_client.retry import PASSING, Retry
from yunqiao_client.wire import MEDIA, Answer, connection_of, may_repeat, nodes_of, read_answer, write_body

#: A token, or what gives one: asked for every request, so that it may renew it.
Token = str | Callable[[], str]
Variables = Mapping[str, Any] | None


class _Base:
    def __init__(self, token: Token, purpose: str, retry: Retry) -> None:
        self._token, self._purpose, self._retry = token, purpose, retry

    def _headers(self) -> dict[str, str]:
        token = self._token if isinstance(self._token, str) else self._token()
        return {"authorization": f"Bearer {token}", "x-purpose": self._purpose, "accept": MEDIA}

    def _wait_s(self, attempt: int, document: str, failed: httpx.Response | httpx.TransportError) -> float | None:
        """Seconds before the same request goes out again; None where it should not."""
        if not may_repeat(document):
            return None
        if isinstance(failed, httpx.Response):
            if failed.status_code not in PASSING:
                return None
            return self._retry.wait_s(attempt, failed.headers.get("retry-after"))
        return self._retry.wait_s(attempt, None)


def _lost(error: httpx.TransportError) -> Unavailable:
    return Unavailable(f"The hub does not answer ({type(error).__name__}).", reason="hub_unreachable")


class Client(_Base):
    """A connection to the hub, for one actor and one purpose.

    Parameters
    ----------
    address
        Of the hub, like ``https://hub.example``.
    token
        A bearer token, or a function that gives the one to use now.
    purpose
        What it is asked for; one that the token may state.
    retry
        When to ask again. A change is repeated only under its idempotency key.
    http
        Settings of :class:`httpx.Client`: ``verify``, ``proxy``, ``timeout`` …

    Raises
    ------
    HubError
        From every method: what the hub refused, or that it cannot be reached.
    """

    def __init__(self, address: str, *, token: Token, purpose: str, retry: Retry | None = None, **http: Any) -> None:
        super().__init__(token, purpose, retry or Retry())
        self._http = httpx.Client(base_url=address, **{"timeout": 30.0, **http})

    def execute(self, document: str, variables: Variables = None, *, operation_name: str | None = None) -> Answer:
        """Send a document. ``$idempotencyKey``, where it declares one and none is given, is made."""
        body, attempt = write_body(document, variables, operation_name), 0
        while True:
            attempt += 1
            try:
                response = self._http.post("/graphql", json=body, headers=self._headers())
            except httpx.TransportError as error:
                wait = self._wait_s(attempt, document, error)
                if wait is None:
                    raise _lost(error) from error
            else:
                wait = self._wait_s(attempt, document, response)
                if wait is None:
                    return read_answer(response)
            time.sleep(wait)

    def pages(self, document: str, path: str, variables: Variables = None) -> Iterator[dict[str, Any]]:
        """All items of a connection, page after page.

        Parameters
        ----------
        document
            Declares ``$after: String`` and asks for ``pageInfo { hasNextPage endCursor }``.
        path
            Where the connection is in the answer, like ``persons`` or ``household.members``.
        """
        after: str | None = None
        while True:
            answer = self.execute(document, {**(variables or {}), "after": after})
            connection = connection_of(answer.data, path)
            yield from nodes_of(connection)
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncClient(_Base):
    """The same as :class:`Client`, to be awaited."""

    def __init__(self, address: str, *, token: Token, purpose: str, retry: Retry | None = None, **http: Any) -> None:
        super().__init__(token, purpose, retry or Retry())
        self._http = httpx.AsyncClient(base_url=address, **{"timeout": 30.0, **http})

    async def execute(self, document: str, variables: Variables = None, *, operation_name: str | None = None) -> Answer:
        """Send a document; see :meth:`Client.execute`."""
        body, attempt = write_body(document, variables, operation_name), 0
        while True:
            attempt += 1
            try:
                response = await self._http.post("/graphql", json=body, headers=self._headers())
            except httpx.TransportError as error:
                wait = self._wait_s(attempt, document, error)
                if wait is None:
                    raise _lost(error) from error
            else:
                wait = self._wait_s(attempt, document, response)
                if wait is None:
                    return read_answer(response)
            await asyncio.sleep(wait)

    async def pages(self, document: str, path: str, variables: Variables = None) -> AsyncIterator[dict[str, Any]]:
        """All items of a connection, page after page; see :meth:`Client.pages`."""
        after: str | None = None
        while True:
            answer = await self.execute(document, {**(variables or {}), "after": after})
            connection = connection_of(answer.data, path)
            for node in nodes_of(connection):
                yield node
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()
