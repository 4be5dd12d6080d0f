"""Global ids: the type and the key of a thing. Clients take them as they come and make none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from hub.query.refusals import invalid_value
from schema.catalog import ENTITIES, Entity, type_name

_BY_TYPE = {type_name(entity.name): entity for entity in ENTITIES.values() if entity.node}


def entity_of_id(text: str) -> Entity | None:
    """The entity that a global id names; None when it names none."""
    return _BY_TYPE.get(text.partition(":")[0])


def key_of_id(text: str, entity: Entity) -> Any:
    """The key in a global id of an entity; None when it is another's or no id at all."""
    prefix, _, key = text.partition(":")
    if prefix != type_name(entity.name) or not (key.isascii() and key.isdecimal()):
        return None
    if key_type(entity.name) == "text":
        return key if len(key) == 12 else None
    return int(key) if len(key) < 19 and str(int(key)) == key else None


def key_type(entity: str) -> Literal["text", "bigint"]:
    """SQL type of the key in an entity's ids."""
    return "text" if entity == "region" else "bigint"


def ids_of_representations(representations: list[Any]) -> list[str]:
    """Global ids that a gateway's representations hold; empty where the type is not the id's.

    Raises
    ------
    InvalidInput
        ``representation_invalid``: no object with ``__typename`` and ``id``.
    """
    ids = []
    for item in representations:
        kind, text = (item.get("__typename"), item.get("id")) if isinstance(item, Mapping) else (None, None)
        if not isinstance(kind, str) or not isinstance(text, str):
            raise invalid_value(
                "representation", "A representation is an object with __typename and id.", hint="Send the key `id`."
            )
        ids.append(text if text.partition(":")[0] == kind else "")
    return ids


def kinds_and_keys(ids: list[str]) -> tuple[list[str | None], list[str | None]]:
    """Type names and keys of several ids, None for what is no id.

    Raises
    ------
    InvalidInput
        There are more than 500.
    """
    if len(ids) > 500:
        raise invalid_value("ids", "At most 500 ids at once.")
    kinds: list[str | None] = []
    keys: list[str | None] = []
    for text in ids:
        entity = entity_of_id(text)
        key = key_of_id(text, entity) if entity is not None else None
        kinds.append(type_name(entity.name) if entity is not None and key is not None else None)
        keys.append(None if key is None else str(key))
    return kinds, keys
