"""Signing in with a provider as people do: a button, the provider's page, and back, in a real browser."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

WUFENG = "530627001000"


@dataclass(frozen=True)
class Signable:
    """A served hub whose pages know a provider, and that provider."""

    address: str
    issuer: str


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            httpx.get(url, trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            assert process.poll() is None
            assert time.monotonic() < deadline, url
            time.sleep(0.2)


@pytest.fixture(scope="module")
def signable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signable]:
    """``yunqiao serve`` beside oidc-provider-mock, whose `alice` speaks for a station."""
    folder = tmp_path_factory.mktemp("signable")
    ports = _port(), _port()
    address, issuer = (f"http://127.0.0.1:{port}" for port in ports)
    (folder / "providers.toml").write_text(
        f"""
        public_url = "{address}"
        [providers.mock]
        title = {{ zh = "省统一身份认证", en = "the province's identity service" }}
        issuer = "{issuer}"
        client_id = "pages"
        client_secret_file = "secret"
        algorithms = ["RS256"]
        """,
        encoding="utf-8",
    )
    (folder / "secret").write_text("any", encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("YUNQIAO_")}
    environ |= {
        "YUNQIAO_DATA_DIR": str(folder / "data"),
        "YUNQIAO_PROVIDERS_FILE": str(folder / "providers.toml"),
        "YUNQIAO_PORT": str(ports[0]),
    }

    def command(*arguments: str) -> str:
        run = [sys.executable, "-m", "app.cli", *arguments]
        return subprocess.run(run, env=environ, check=True, capture_output=True, text=True).stdout

    mock = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--host", "127.0.0.1", "--port", str(ports[1])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    hub: subprocess.Popen[bytes] | None = None
    try:
        actor = json.loads(command("token", "--kind", "station", "--region", WUFENG, "--name", "乌峰街道", "--json"))
        command("access", "link", "--issuer", issuer, "--subject", "alice", "--actor", str(actor["actor_id"]))
        log = (folder / "log").open("wb")
        hub = subprocess.Popen([sys.executable, "-m", "app.cli", "serve"], env=environ, stdout=log, stderr=log)
        _answers(f"{issuer}/jwks", mock)
        _answers(f"{address}/readyz", hub)
        yield Signable(address, issuer)
        hub.send_signal(signal.SIGTERM)
        assert hub.wait(timeout=60) == 0
        said = Path(folder / "log").read_text(encoding="utf-8")
        assert "alice" not in said
        assert "bob" not in said
    finally:
        mock.terminate()
        mock.wait(timeout=30)
        if hub is not None and hub.poll() is None:
            hub.kill()
            hub.wait()
        log.close()


@pytest.fixture
def page(signable: Signable, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(base_url=signable.address, locale="zh-CN")
    opened = context.new_page()
    opened.on("pageerror", lambda error: pytest.fail(str(error)))
    yield opened
    context.close()


def _consent(page: Page, signable: Signable, subject: str) -> None:
    page.wait_for_url(f"{signable.issuer}/**")
    page.fill("[name=sub]", subject)
    page.locator("button", has_text="Authorize").first.click()
    page.wait_for_url(f"{signable.address}/**")


def test_a_button_leads_to_the_provider_and_back_to_where_one_was_going(page: Page, signable: Signable) -> None:
    page.goto("/openings")
    expect(page.locator("h1")).to_contain_text("登录")
    page.get_by_role("link", name="省统一身份认证").click()
    _consent(page, signable, "alice")
    assert page.url == f"{signable.address}/openings"
    expect(page.locator(".who")).to_contain_text("乌峰街道")
    page.get_by_role("button", name="退出").click()
    page.goto("/openings")
    expect(page.locator("h1")).to_contain_text("登录")


def test_a_stranger_is_told_whom_to_ask_in_their_language(page: Page, signable: Signable) -> None:
    page.goto("/language?to=en&back=/signin")
    page.get_by_role("link", name="Sign in with the province's identity service").click()
    _consent(page, signable, "bob")
    expect(page.locator("[role=alert]")).to_contain_text("Ask your county's administrator")
    page.get_by_role("link", name="中文").click()
    assert page.url == f"{signable.address}/signin"
    expect(page.locator("h1")).to_contain_text("登录")
    expect(page.locator("[role=alert]")).to_have_count(0)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_local_accounts_stand_below_the_button_and_all_fits_a_telephone(
    page: Page, signable: Signable, lang: str
) -> None:
    page.set_viewport_size({"width": 360, "height": 720})
    page.goto(f"/language?to={lang}&back=/signin")
    boxes = [page.locator(place).bounding_box() for place in ("a.button", "[name=username]", "form button")]
    edges = [(box["x"], box["x"] + box["width"], box["y"], box["y"] + box["height"]) for box in boxes if box]
    assert len(edges) == 3
    assert all(left >= 0 and right <= 360 for left, right, _, _ in edges)
    assert all(above[3] < below[2] for above, below in pairwise(edges))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
