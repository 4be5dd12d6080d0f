"""The printed schema, as clients and reviewers read it. ``UPDATE_GOLDEN=1`` writes it anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from graphql import print_schema

from hub.api.schema import build_schema, core_schema

GOLDEN = Path(__file__).parents[2] / "schema" / "schema.graphql"


def test_the_schema_is_the_one_that_was_reviewed() -> None:
    printed = print_schema(core_schema(build_schema())) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(printed, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8").splitlines() == printed.splitlines()


def test_another_process_prints_the_same() -> None:
    program = (
        "from graphql import print_schema; from hub.api.schema import build_schema, core_schema;"
        "import sys; sys.stdout.reconfigure(encoding='utf-8'); print(print_schema(core_schema(build_schema())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": "4"},
        cwd=GOLDEN.parents[1],
    )
    assert done.stdout.decode("utf-8").splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()
