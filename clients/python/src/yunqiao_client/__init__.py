"""Client of Yunqiao 云桥: queries, changes and pages, with retries that never do a thing twice.

from yunqiao_client import Client

with Client("https://hub.example", token=token, purpose="employment_service") as hub:
    for person in hub.pages(WILLING, "persons", {"region": "530627000000"}):
        ...
"""

from yunqiao_client.client import AsyncClient, Client
from yunqiao_client.errors import (
    Conflict,
    Forbidden,
    HubError,
    InvalidInput,
    LimitExceeded,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from yunqiao_client.retry import Retry
from yunqiao_client.wire import Answer

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "Conflict",
    "Forbidden",
    "HubError",
    "InvalidInput",
    "LimitExceeded",
    "NotFound",
    "Retry",
    "Unauthenticated",
    "Unavailable",
]
