"""The pages as people use them, in a real browser against the served county."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from python_calamine import CalamineWorkbook

from tests.browser.conftest import Served

pytestmark = pytest.mark.browser

Visitor = Callable[..., Page]


def _somebody(page: Page) -> str:
    """Opens somebody with a recommended opening; returns the address of their page."""
    page.goto("/people")
    page.locator("tr:has(span.tag.good) a").first.click()
    expect(page.locator("h2", has_text="推荐岗位")).to_be_visible()
    return page.url


@pytest.mark.parametrize(("lang", "words", "head"), [("zh", "下载 Excel", "姓名"), ("en", "Download Excel", "name")])
def test_a_station_downloads_its_people(visitor: Visitor, lang: str, words: str, head: str, tmp_path: Path) -> None:
    page = visitor("station", lang=lang)
    page.goto("/people?zero=1")
    count = int(re.sub(r"\D", "", page.locator("p.lead").inner_text().split("·")[1]))
    with page.expect_download() as waiting:
        page.get_by_role("button", name=words).click()
    assert re.fullmatch(r"persons_\d{8}T\d{6}_\d+_[0-9a-f]{8}\.xlsx", waiting.value.suggested_filename)
    waiting.value.save_as(tmp_path / "people.xlsx")
    heads, *rows = CalamineWorkbook.from_path(tmp_path / "people.xlsx").get_sheet_by_index(0).to_python()
    assert heads[0] == head
    assert len(rows) == count > 0


def test_a_station_refers_contacts_and_records_what_came_of_it(visitor: Visitor) -> None:
    page = visitor("station")
    expect(page.locator("h1")).to_have_text("有就业意愿的人员")
    _somebody(page)
    pick = page.locator("ol.picks > li").first
    title = pick.locator("strong").inner_text()
    pick.get_by_role("button", name="推介").click()
    expect(page.locator("[role=status]")).to_have_text("已推介。")
    referral = page.locator(".referral").first
    expect(referral).to_contain_text(title)
    referral.locator("summary", has_text="登记联系").click()
    contact = referral.locator("form[action$='/contact']")
    contact.locator("[name=channel]").select_option("visit")
    contact.locator("[name=note]").fill("<b>同意</b> 下周一到岗")
    contact.get_by_role("button").click()
    expect(page.locator("[role=status]")).to_have_text("联系已登记。")
    expect(page.locator(".referral").first).to_contain_text("<b>同意</b> 下周一到岗")
    referral = page.locator(".referral").first
    referral.locator("summary", has_text="登记结果").click()
    outcome = referral.locator("form[action$='/outcome']")
    outcome.locator("[name=result]").select_option("placed")
    outcome.locator("[name=wage]").fill("四千")
    outcome.get_by_role("button").click()
    expect(page.locator("[role=alert]")).to_have_text("“月薪”请填写整数。")
    outcome = page.locator(".referral").first.locator("form[action$='/outcome']")
    expect(outcome.locator("[name=wage]")).to_have_value("四千")
    outcome.locator("[name=wage]").fill("4,000")
    outcome.get_by_role("button").click()
    expect(page.locator("[role=status]")).to_contain_text("结果已登记")
    expect(page.locator(".referral").first.locator(".tag").first).to_have_text("已上岗")
    page.reload()
    expect(page.locator(".referral", has_text="¥4,000")).to_have_count(1)


def test_a_second_click_and_a_colleagues_change(visitor: Visitor) -> None:
    page = visitor("station")
    page.goto("/people")
    page.goto(page.locator("tr:has(span.tag.good) a").nth(1).get_attribute("href") or "")
    here = page.url
    form = page.locator("ol.picks > li").first.locator("form")
    fields = {
        f"{name}": form.locator(f"[name={name}]").input_value() for name in ("csrf", "key", "target", "run", "rank")
    }
    for _ in range(2):
        answer = page.request.post(f"{here}/refer", form=fields, max_redirects=0)
        assert answer.status == 303
    page.goto(here)
    expect(page.locator(".referral form[action$='/contact']")).to_have_count(1)
    other = visitor("county")
    other.goto(here)
    for clerk in (other, page):
        clerk.locator(".referral summary", has_text="登记联系").first.click()
        clerk.locator(".referral [name=note]").first.fill("打过电话")
        clerk.locator(".referral form[action$='/contact'] button").first.click()
    expect(other.locator("[role=status]")).to_have_text("联系已登记。")
    expect(page.locator("[role=alert]")).to_contain_text("刚才已有其他人修改了这条记录")
    expect(page.locator(".referral [name=note]").first).to_have_value("打过电话")


def test_the_list_is_searched_paged_and_says_when_nobody_matches(visitor: Visitor) -> None:
    page = visitor("county")
    everybody = page.locator(".lead").inner_text()
    first = page.locator("tbody tr a").all_inner_texts()
    page.get_by_role("link", name="下一页").click()
    assert page.locator("tbody tr a").all_inner_texts() != first
    page.get_by_role("link", name="第一页").click()
    assert page.locator("tbody tr a").all_inner_texts() == first
    page.check("[name=zero]")
    page.get_by_role("button", name="查找").click()
    rows = page.locator("tbody tr")
    assert rows.count() >= 1
    assert page.locator("tbody tr .tag.warn").count() == rows.count()
    assert page.locator(".lead").inner_text() != everybody
    page.fill("[name=name]", "查无此人")
    page.get_by_role("button", name="查找").click()
    expect(page.locator(".empty")).to_contain_text("没有符合条件的人员")
    page.get_by_role("link", name="清除条件").click()
    expect(page.locator(".lead")).to_have_text(everybody)


def test_a_partner_posts_changes_and_closes_an_opening(visitor: Visitor) -> None:
    page = visitor("partner")
    page.get_by_role("link", name="发布岗位").click()
    for name, value in {
        "title": "<script>alert(1)</script>缝纫工",
        "employer_name": "试用制衣有限公司",
        "occupation": "缝纫工",
        "place": "上海市浦东新区",
        "wage_low": "1000",
        "wage_high": "6000",
        "vacancies": "2",
        "duties": "限女性，乙肝携带者勿扰",
    }.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="发布岗位").click()
    problem = page.locator("[role=alert]")
    for words in ("性别", "乙肝", "最低工资"):
        expect(problem).to_contain_text(words)
    expect(page.locator("[name=employer_name]")).to_have_value("试用制衣有限公司")
    page.fill("[name=duties]", "操作平缝机")
    page.fill("[name=wage_low]", "4800")
    page.get_by_role("button", name="发布岗位").click()
    expect(page.locator("[role=status]")).to_have_text("岗位已发布。")
    expect(page.locator("h1")).to_contain_text("<script>alert(1)</script>缝纫工")
    expect(page.locator("section", has_text="被推介人员").last).to_contain_text("暂无推介人员")
    page.get_by_role("link", name="修改岗位").click()
    expect(page.locator("[name=wage_low]")).to_have_value("4800")
    page.fill("[name=vacancies]", "3")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("dl")).to_contain_text("0 / 3")
    page.locator("summary", has_text="关闭岗位").click()
    page.get_by_role("button", name="确认关闭").click()
    expect(page.locator("[role=status]")).to_have_text("岗位已关闭。")
    expect(page.locator("h1 .tag")).to_have_text("已关闭")
    expect(page.get_by_role("link", name="修改岗位")).to_have_count(0)
    page.goto("/openings?state=closed")
    assert page.locator("tbody tr").count() >= 1
    page.goto("/people")
    expect(page.locator("[role=alert]")).to_have_text("您无权进行此操作。")


def test_people_see_themselves_and_change_their_wishes(visitor: Visitor) -> None:
    page = visitor("person")
    assert page.url.endswith("/me")
    expect(page.locator("form[action$='/refer']")).to_have_count(0)
    page.locator("summary", has_text="修改意愿").click()
    page.locator("[name=wage]").fill("3600")
    page.locator("[name=scope]").select_option("province")
    page.locator("form[action='/me/wish'] button").click()
    expect(page.locator("[role=status]")).to_contain_text("意愿已保存")
    expect(page.locator("section", has_text="就业意愿").locator("dl")).to_contain_text("3,600")
    expect(page.locator("section", has_text="就业意愿").locator("dl")).to_contain_text("县外省内")
    answer = page.request.get("/people")
    assert answer.status == 403
    assert page.request.post("/me/refer", form={"csrf": "x"}).status == 403


def test_people_see_who_used_their_data(visitor: Visitor) -> None:
    page = visitor("person")
    name = page.locator("h1").inner_text().split()[0]
    office = visitor("county")
    office.goto(f"/people?name={name}")
    for link in [one.get_attribute("href") for one in office.locator("table a").all()]:
        office.goto(str(link))
    page.get_by_role("link", name="谁看过我的信息").click()
    expect(page.locator("h1")).to_have_text("谁看过我的信息")
    line = page.locator("ol.picks > li").first
    expect(line).to_contain_text("为就业服务查看了")
    line.locator("summary").click()
    expect(line.locator("dl")).to_contain_text("政务数据共享条例第十六条")
    expect(page.locator("ol.picks")).to_contain_text("在计算推荐时读取了")
    assert "您本人" not in page.locator("ol.picks").inner_text()
    page.locator("[name=own]").check()
    page.get_by_role("button", name="显示").click()
    expect(page.locator("ol.picks")).to_contain_text("您本人查看了")
    page.get_by_role("link", name="English").click()
    expect(page.locator("ol.picks > li").first).to_contain_text("for employment service, looked at")
    assert office.request.get("/ledger").status == 403


def test_english_by_a_switch_and_back(visitor: Visitor) -> None:
    page = visitor("county")
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_have_text("People willing to work")
    assert page.locator("html").get_attribute("lang") == "en"
    leftovers = re.findall(r"[\u4e00-\u9fff]+", page.locator("thead").inner_text())
    assert not leftovers
    page.get_by_role("link", name="中文").click()
    expect(page.locator("h1")).to_have_text("有就业意愿的人员")


def test_the_wrong_password_and_signing_out(served: Served, browser: Browser, visitor: Visitor) -> None:
    context = browser.new_context(base_url=served.address)
    page = context.new_page()
    page.goto("/people?zero=1")
    assert "/signin" in page.url
    page.fill("[name=username]", "station")
    page.fill("[name=password]", "certainly not this one")
    page.click("button")
    expect(page.locator("[role=alert]")).to_have_text("用户名或密码不正确。")
    expect(page.locator("[name=username]")).to_have_value("station")
    page.fill("[name=password]", served.passwords["station"])
    page.click("button")
    expect(page.locator("h1")).to_have_text("有就业意愿的人员")
    cookie = next(item for item in context.cookies() if item["name"] == "session")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    page.get_by_role("button", name="退出").click()
    page.goto("/people")
    assert "/signin" in page.url
    context.close()


def test_forms_of_other_sites_and_pages_that_are_not(visitor: Visitor) -> None:
    page = visitor("station")
    here = _somebody(page)
    assert page.request.post(f"{here}/wish", form={"wage": "1"}).status == 403
    assert page.request.post(f"{here}/wish", form={"wage": "1", "csrf": "伪造"}).status == 403
    elsewhere = page.request.post(
        "/signin", form={"username": "a", "password": "b"}, headers={"origin": "https://a.example"}
    )
    assert elsewhere.status == 403
    for path in ("/nowhere", "/people/Person:99999999", "/people/nonsense", "/openings/Opening:99999999"):
        answer = page.request.get(path)
        assert answer.status == 404, path
        assert "没有找到这个页面" in answer.text()
    assert page.request.get("/people?after=nonsense").status == 400
    answer = page.request.get("/people")
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_the_welcome_says_where_and_who_and_two_queries_answer(served: Served, browser: Browser) -> None:
    assert served.address in served.output
    for name, password in served.passwords.items():
        assert name in served.output
        assert password in served.output
    headers = re.findall(r'^\{"Authorization": "Bearer ([^"]+)", "X-Purpose": "(\w+)"\}$', served.output, re.MULTILINE)
    queries = re.findall(r"^(\{ (?:persons|openings)\(.*\})$", served.output, re.MULTILINE)
    assert len(headers) == len(queries) == 2
    context = browser.new_context(base_url=served.address)
    for (token, purpose), query in zip(headers, queries, strict=True):
        answer = context.request.post(
            "/graphql", data={"query": query}, headers={"authorization": f"Bearer {token}", "x-purpose": purpose}
        ).json()
        assert "errors" not in answer
        (connection,) = answer["data"].values()
        assert connection["totalCount"] >= 1
        assert connection["nodes"]
    context.close()


def test_graphiql_comes_from_the_package(served: Served, browser: Browser) -> None:
    context = browser.new_context(base_url=served.address)
    page = context.new_page()
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((served.address, "data:", "blob:")) else elsewhere.append(request.url)
        ),
    )
    page.goto("/graphql")
    expect(page.locator(".graphiql-container")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert not elsewhere
    context.close()
