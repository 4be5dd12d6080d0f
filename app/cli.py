"""The command line: one thin command per stage. ``--json`` prints one object on the last line of standard output.

Exit codes follow sysexits.h: 0 done, 1 the audit's chain is broken, 2 wrong usage, 65 bad input, 66 no such thing,
69 a needed part does not answer, 70 our own fault, 74 a file cannot be read or written, 75 somebody else was faster,
77 not allowed, 130 interrupted.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import typer
from typer.exceptions import TyperException

from app.commands import access, audit, documents, export, feeds, identity, matching, serving, upkeep
from app.output import complain
from hub.errors import HubError

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Yunqiao 云桥: a province's data-sharing hub with a job-matching service.",
)
for module in (serving, feeds, matching, export, upkeep):
    cli.add_typer(module.commands)
cli.add_typer(identity.commands, name="identity")
cli.add_typer(audit.commands, name="audit")
cli.add_typer(access.commands, name="access")
cli.add_typer(documents.commands, name="documents")


def main() -> None:
    """Entry point. An error is one line on standard error that says what to do."""
    try:
        sys.exit(cli(standalone_mode=False) or 0)
    except HubError as error:
        complain(error.line())
        sys.exit(error.exit_code)
    except TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        complain(f"usage: {message} See: yunqiao --help")
        sys.exit(2)
    except OSError as error:
        complain(
            f"file_unusable: {error.filename or 'A file'}: {error.strerror or error}. Check path, rights and space."
        )
        sys.exit(74)
    except (KeyboardInterrupt, typer.Abort):
        complain("Interrupted. What was finished is kept; run the same command again to go on.")
        sys.exit(130)
    except Exception as error:  # what nobody foresaw: its message may hold personal data, its place does not
        place = traceback.extract_tb(error.__traceback__)[-1]
        complain(f"internal: {type(error).__name__} in {Path(place.filename).name}:{place.lineno}. Report this line.")
        sys.exit(70)


if __name__ == "__main__":
    main()
