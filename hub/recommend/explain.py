"""Why an opening suits a person, or why not: every rule's verdict, and the terms of the score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from hub.clock import Clock
from hub.db.sql import load_queries
from hub.errors import NotFound
from hub.recommend.read import read_opening, read_person
from matching.artifact import load_model
from matching.records import Reason, RuleVerdict
from schema.regions import load_regions

_SQL = load_queries("hub.recommend")
