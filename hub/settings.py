"""Settings, read once from the environment at an entry point and passed down. Table of all in README.md."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from hub.errors import InvalidInput

Mode = Literal["development", "production"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between installations."""

    data_dir: Path
    database_url: str | None = None
    app_database_url: str | None = None
    hub_database_url: str | None = None
    token_secret: bytes
    mode: Mode = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    pool_size: int = 8
    statement_timeout_ms: int = 5000
    layouts_dir: Path | None = None
    export_rows: int = 1_000_000
    exports_at_once: int = 2
    metrics_token: str | None = None
    audit_anchors: Path | None = None
    providers_file: Path | None = None
    rate_factor: float = 1.0

    @property
    def anchors_path(self) -> Path:
        """Where the audit's anchors are written; on another machine's disk where the installation says so."""
        return self.audit_anchors or self.data_dir / "audit-anchors.ndjson"

    @property
    def exports_dir(self) -> Path:
        """Where workbooks are made before they are sent."""
        return self.data_dir / "exports"

    @property
    def files_dir(self) -> Path:
        """Where the files are kept as they came, named by their SHA-256."""
        return self.data_dir / "files"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from ``YUNQIAO_*`` variables.

        Raises
        ------
        InvalidInput
            ``setting_invalid`` when a variable has a value that cannot be used.
        """
        env = os.environ if environ is None else environ
        data_dir = Path(env.get("YUNQIAO_DATA_DIR") or "data").expanduser().resolve()
        mode = env.get("YUNQIAO_MODE") or "development"
        if mode not in ("development", "production"):
            raise InvalidInput(
                "setting_invalid", f"YUNQIAO_MODE is {mode!r}.", hint="Use 'development' or 'production'."
            )
        secret = (env.get("YUNQIAO_TOKEN_SECRET") or "").encode()
        if secret and len(secret) < 32:
            raise InvalidInput(
                "setting_invalid",
                "YUNQIAO_TOKEN_SECRET is shorter than 32 bytes.",
                hint="Make one with: python -c 'import secrets; print(secrets.token_hex(32))'",
            )
        layouts, anchors = env.get("YUNQIAO_LAYOUTS_DIR"), env.get("YUNQIAO_AUDIT_ANCHORS")
        providers = env.get("YUNQIAO_PROVIDERS_FILE")
        return cls(
            data_dir=data_dir,
            database_url=env.get("YUNQIAO_DATABASE_URL") or None,
            app_database_url=env.get("YUNQIAO_APP_DATABASE_URL") or None,
            hub_database_url=env.get("YUNQIAO_HUB_DATABASE_URL") or None,
            token_secret=secret or kept_secret(data_dir, "token.key"),
            mode=cast(Mode, mode),
            host=env.get("YUNQIAO_HOST") or "127.0.0.1",
            port=_number(env, "YUNQIAO_PORT", 8000, low=1, high=65535),
            pool_size=_number(env, "YUNQIAO_POOL_SIZE", 8, low=1, high=500),
            statement_timeout_ms=_number(env, "YUNQIAO_STATEMENT_TIMEOUT_MS", 5000, low=1, high=600_000),
            layouts_dir=Path(layouts).expanduser() if layouts else None,
            audit_anchors=Path(anchors).expanduser() if anchors else None,
            export_rows=_number(env, "YUNQIAO_EXPORT_ROWS", 1_000_000, low=1, high=100_000_000),
            exports_at_once=_number(env, "YUNQIAO_EXPORTS_AT_ONCE", 2, low=1, high=100),
            metrics_token=env.get("YUNQIAO_METRICS_TOKEN") or None,
            providers_file=Path(providers).expanduser() if providers else None,
            rate_factor=_number(env, "YUNQIAO_RATE_PERCENT", 100, low=0, high=1_000_000) / 100,
        )


def _number(env: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal() or not low <= int(text) <= high:
        raise InvalidInput("setting_invalid", f"{name} is {text!r}.", hint=f"Use a whole number from {low} to {high}.")
    return int(text)


def kept_secret(data_dir: Path, name: str) -> bytes:
    """A secret made at first use and kept in the data directory, readable by its owner only.

    Two processes may start at once: the file is written whole under another name and linked into place, so both read
    the one that came first.
    """
    path = data_dir / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=data_dir) as draft:
            draft.write(secrets.token_hex(32).encode())
            draft.flush()
            with suppress(FileExistsError):
                os.link(draft.name, path)
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            "data_dir_unusable",
            f"The data directory {data_dir} cannot be written ({error.strerror}).",
            hint="Set YUNQIAO_DATA_DIR to a directory that can.",
        ) from error
