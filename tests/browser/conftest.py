"""A small county served by the command that users run, and a real Chromium to look at it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright


@dataclass(frozen=True)
class Served:
    """Where the county is served, and who may sign in."""

    address: str
    passwords: dict[str, str]
    output: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """``yunqiao demo`` for a small county, until the tests are over; SIGTERM must end it with 0."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log"
    environ = {k: v for k, v in os.environ.items() if not k.startswith("YUNQIAO_")}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "demo", "--households", "400", "--seed", "103", "--port", str(port)],
            stdout=file,
            stderr=file,
            env={**environ, "YUNQIAO_DATA_DIR": str(folder / "data")},
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address, log)
        (kept,) = (folder / "data").glob("demo-*/signins.json")
        accounts = json.loads(kept.read_text(encoding="utf-8"))
        assert kept.stat().st_mode & 0o077 == 0, "passwords are for their owner"
        passwords = {item["username"]: item["password"] for item in accounts}
        yield Served(address, passwords, log.read_text(encoding="utf-8"))
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)
    assert code == 0, log.read_text(encoding="utf-8")[-2000:]


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text(encoding="utf-8")[-3000:]
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=2)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        finally:
            connection.close()
    raise AssertionError(log.read_text(encoding="utf-8")[-3000:])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of the machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "Install Chromium (Debian: apt-get install chromium) to run the tests of the pages."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield launched
        launched.close()


@pytest.fixture
def visitor(served: Served, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Signs somebody in: ``visitor("station")``, ``visitor("station", lang="en")``. A page's error fails the test."""
    contexts = []

    def sign_in(kind: str, *, lang: str = "zh") -> Page:
        context = browser.new_context(base_url=served.address, locale="zh-CN")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(f"/language?to={lang}&back=/signin")
        page.fill("[name=username]", kind)
        page.fill("[name=password]", served.passwords[kind])
        page.click("button")
        assert "/signin" not in page.url
        return page

    yield sign_in
    for context in contexts:
        context.close()
