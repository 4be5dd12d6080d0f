"""PostgreSQL: connections, migrations, the embedded server, named SQL and safe dynamic SQL."""

from hub.db.migrate import migrate
from hub.db.pool import open_database

__all__ = ["migrate", "open_database"]
