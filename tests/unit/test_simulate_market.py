"""The market keeps the scenario's ratios; past offers tell a story that adds up and can be learnt from."""

from __future__ import annotations

import csv
import gzip
import json
import re
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from schema.regions import load_regions
from simulate.faults import ErrorRates
from simulate.history import hired
from simulate.marginals import Dice
from simulate.province import make_up, simulate

REGION = "530627000000"
AS_OF = date(2026, 6, 1)


class Market:
    """One simulation's market, read back."""

    def __init__(self, out: Path, scenario: str, households: int = 5000, seed: int = 107) -> None:
        self.report = simulate(
            REGION, households, seed, out, scenario=scenario, format="parquet", errors=ErrorRates.none()
        )
        self.counts = json.loads((out / "truth" / "scenario.json").read_text(encoding="utf-8"))["counts"]
        self.openings = self._csv(out, "openings")
        self.programmes = self._csv(out, "programmes")
        self.posts = self._csv(out, "posts")
        (path,) = (out / "feeds").glob("referrals_*")
        self.referrals = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        self.people = {p["citizen_number"]: p for p in pq.read_table(out / "truth" / "people.parquet").to_pylist()}
        self.open = [row for row in self.openings if row["状态"] == "招聘中"]
        self.by_reference = {row["岗位编号"]: row for row in self.openings}

    @staticmethod
    def _csv(out: Path, feed: str) -> list[dict[str, str]]:
        (path,) = (out / "feeds").glob(f"{feed}_*.csv")
        return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))

    def vacancies(self, rows: list[dict[str, str]]) -> int:
        return sum(int(row["招聘人数"]) - int(row["已招人数"]) for row in rows)

    def offers(self) -> list[dict[str, object]]:
        return [row for row in self.referrals if row["类别"] == "岗位"]


@pytest.fixture(scope="module")
def markets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Market]:
    folder = tmp_path_factory.mktemp("markets")
    return {name: Market(folder / name, name) for name in ("plenty", "scarce", "skewed")}


@pytest.fixture(scope="module")
def plenty(markets: dict[str, Market]) -> Market:
    return markets["plenty"]


@pytest.mark.parametrize(("scenario", "ratio"), [("plenty", 1.5), ("scarce", 0.5), ("skewed", 1.2)])
def test_vacancies_are_the_scenarios_multiple_of_the_willing(
    markets: dict[str, Market], scenario: str, ratio: float
) -> None:
    market = markets[scenario]
    assert market.vacancies(market.open) == round(ratio * market.counts["willing"]) == market.counts["vacancies"]
    assert market.counts["willing"] == markets["plenty"].counts["willing"], "the people are the same"


def test_in_the_skewed_market_most_vacancies_are_unlovely_or_far(markets: dict[str, Market]) -> None:
    def unlovely_or_far(market: Market) -> float:
        median = np.median([int(row["最低月薪"]) for row in markets["plenty"].open if row["渠道"] == "本县"])
        bad = [
            row
            for row in market.open
            if row["重体力"] == "是"
            or row["夜班"] == "是"
            or row["渠道"] in ("上海协作", "广东协作")
            or int(row["最低月薪"]) < 0.8 * median
        ]
        return market.vacancies(bad) / market.vacancies(market.open)

    def night_or_heavy(market: Market) -> float:
        bad = [row for row in market.open if "是" in (row["重体力"], row["夜班"])]
        return market.vacancies(bad) / market.vacancies(market.open)

    assert unlovely_or_far(markets["skewed"]) > 0.8
    assert night_or_heavy(markets["skewed"]) > night_or_heavy(markets["plenty"]) + 0.15


def test_openings_lie_in_real_regions_of_their_channel(plenty: Market) -> None:
    regions = load_regions()
    for row in plenty.openings:
        code, channel = row["工作地区划代码"], row["渠道"]
        assert regions[code].level == "township"
        prefix = {"本县": "530627", "省内": "53", "上海协作": "31", "广东协作": "44"}[channel]
        assert code.startswith(prefix)
    assert {row["渠道"] for row in plenty.open} == {"本县", "省内", "上海协作", "广东协作"}


def test_openings_make_sense_in_themselves(plenty: Market) -> None:
    for row in plenty.openings:
        assert 1900 <= int(row["最低月薪"]) <= int(row["最高月薪"])
        assert 0 <= int(row["已招人数"]) <= int(row["招聘人数"])
        assert int(row["最小年龄"]) < int(row["最大年龄"])
        assert row["发布日期"] <= row["截止日期"]
        assert (row["状态"] == "招聘中") == (row["截止日期"] > AS_OF.isoformat())
        assert re.fullmatch(r"9100\d{4}.{10}", row["统一社会信用代码"])
        if row["夜班"] == "否":
            assert "夜" not in row["岗位职责"]
        if row["计薪方式"] == "月薪":
            assert "计件" not in row["岗位职责"]
        if row["技能职业代码"]:
            assert row["技能等级要求"]
        # A posting may not ask for a sex, a nationality or freedom from hepatitis B.
        assert not re.search(r"男|女工|限女|汉族|乙肝", row["岗位名称"] + row["岗位职责"])
    assert len({row["岗位编号"] for row in plenty.openings}) == len(plenty.openings)
    away = np.mean([int(row["最低月薪"]) for row in plenty.open if row["渠道"] in ("上海协作", "广东协作")])
    near = np.mean([int(row["最低月薪"]) for row in plenty.open if row["渠道"] == "本县"])
    assert away > 1.3 * near


def test_programmes_and_posts_are_there(plenty: Market) -> None:
    open_programmes = [row for row in plenty.programmes if row["状态"] == "报名中"]
    assert open_programmes
    assert all(row["开班日期"] > AS_OF.isoformat() for row in open_programmes)
    assert all(int(row["已报名额"]) <= int(row["名额"]) for row in plenty.programmes)
    assert all(bool(row["技能等级"]) <= (row["证书类型"] == "技能等级") for row in plenty.programmes)
    kinds = {row["岗位类别"] for row in plenty.posts}
    assert {"生态护林员", "保洁"} <= kinds
    assert {row["主管部门"] for row in plenty.posts if row["岗位类别"] == "生态护林员"} == {"林草"}
    townships = {row["区划代码"] for row in plenty.posts}
    assert len(townships) >= 28, "nearly every township of the county has some"
    assert all(load_regions()[code].level == "township" for code in townships)


def test_offers_point_at_people_and_targets_that_exist(plenty: Market) -> None:
    known = {
        "岗位": set(plenty.by_reference),
        "培训": {row["项目编号"] for row in plenty.programmes},
        "公益性岗位": {row["岗位编号"] for row in plenty.posts},
    }
    assert {row["类别"] for row in plenty.referrals} == set(known)
    for row in plenty.referrals:
        assert row["目标编号"] in known[row["类别"]]
        assert plenty.people[row["身份证号码"]]["name"] == row["姓名"]
    days = [row["推荐日期"] for row in plenty.referrals]
    assert days == sorted(days)
    assert days[-1] < AS_OF.isoformat()
    assert days[0] >= date(2024, 5, 1).isoformat()


def test_openings_were_open_on_the_day_they_were_shown(plenty: Market) -> None:
    for row in plenty.offers():
        opening = plenty.by_reference[row["目标编号"]]
        assert opening["发布日期"] <= row["推荐日期"] <= opening["截止日期"]


def test_placements_add_up(plenty: Market) -> None:
    placed: dict[str, int] = {}
    for row in plenty.offers():
        result = row.get("结果")
        if result in ("已上岗", "已离岗"):
            placed[str(row["目标编号"])] = placed.get(str(row["目标编号"]), 0) + 1
            assert row["推荐日期"] < row["上岗日期"]
            assert int(row["月薪"]) > 0
        if result == "已离岗":
            assert row["上岗日期"] < row["离岗日期"] < AS_OF.isoformat()
            months = (date.fromisoformat(row["离岗日期"]) - date.fromisoformat(row["上岗日期"])).days / 30.4
            assert abs(months - row["在岗月数"]) <= 1
            assert row["状态"] == "已结束"
            assert row["原因"]
        if result == "已上岗":
            assert row["状态"] == "已上岗"
            assert "离岗日期" not in row
            assert "在岗月数" not in row
            assert not plenty.people[row["身份证号码"]]["willing"], "who is in a job is not looking for one"
        if result is None:
            assert row["状态"] == "已推荐未选"
            assert "联系日期" not in row
    for reference, number in placed.items():
        opening = plenty.by_reference[reference]
        assert number <= int(opening["已招人数"]) <= int(opening["招聘人数"])


def test_nobody_is_in_two_jobs_at_once(plenty: Market) -> None:
    spells: dict[str, list[tuple[str, str]]] = {}
    for row in plenty.offers():
        if row.get("结果") in ("已上岗", "已离岗"):
            spells.setdefault(str(row["身份证号码"]), []).append(
                (str(row["上岗日期"]), str(row.get("离岗日期", "9999")))
            )
    assert max(len(own) for own in spells.values()) > 1
    for own in spells.values():
        assert all(end < start for (_, end), (start, _) in pairwise(sorted(own)))


def test_lists_are_of_about_ten_and_a_tenth_leads_to_work(plenty: Market) -> None:
    offers = plenty.offers()
    lists: dict[tuple[object, object], list[int]] = {}
    for row in offers:
        lists.setdefault((row["身份证号码"], row["推荐日期"]), []).append(int(row["序位"]))
    assert 7 < np.mean([len(ranks) for ranks in lists.values()]) < 11
    assert np.mean([sorted(ranks) == list(range(1, len(ranks) + 1)) for ranks in lists.values()]) > 0.98
    share = np.mean([row.get("结果") in ("已上岗", "已离岗") for row in offers])
    assert 0.08 <= share <= 0.12
    # A county of 5,000 households: a quarter of what the demonstration has.
    assert 25_000 < len(offers) < 60_000
    assert {row.get("结果") for row in offers} == {None, "已上岗", "本人谢绝", "未录用", "已离岗"}


def test_outcomes_can_be_learnt_from(plenty: Market) -> None:
    """What a person would look at moves the outcome: wage against the usual, distance, trade."""
    offers = plenty.offers()
    placed = np.array([row.get("结果") in ("已上岗", "已离岗") for row in offers])
    openings = [plenty.by_reference[row["目标编号"]] for row in offers]
    wage = np.array([int(o["最低月薪"]) + int(o["最高月薪"]) for o in openings], dtype=float)
    local = np.array([o["渠道"] == "本县" for o in openings])
    insured = np.array([o["缴纳社保"] == "是" for o in openings])

    def rate(mask: np.ndarray) -> float:
        return float(placed[mask].mean())

    best, worst = (wage[local] >= np.quantile(wage[local], q) for q in (0.75, 0.25))
    assert placed[local][best].mean() > 1.3 * placed[local][~worst].mean()
    province = np.array([o["渠道"] == "省内" for o in openings])
    assert rate(local) > 1.3 * rate(province), "near at a like wage goes before far"
    assert rate(insured & local) > rate(~insured & local)
    # And not everything can be: the best tenth by wage is still mostly declined.
    assert placed[wage >= np.quantile(wage, 0.9)].mean() < 0.4


def test_past_is_the_same_in_every_scenario(markets: dict[str, Market]) -> None:
    def past(market: Market) -> int:
        return sum(row["状态"] != "招聘中" for row in market.openings)

    assert len({past(market) for market in markets.values()}) == 1


def test_courses_are_completed(plenty: Market) -> None:
    completed = [row for row in plenty.referrals if row["类别"] == "培训" and row.get("结果") == "培训完成"]
    assert len(completed) > 100
    assert all(row["状态"] == "已结束" and row["离岗日期"] > row["上岗日期"] for row in completed)


def test_training_raises_the_odds_most_for_those_with_little_schooling() -> None:
    register, _, _ = make_up(REGION, 2000, scenario="plenty", as_of=AS_OF, dice=Dice(108))
    world = register.world
    person = np.flatnonzero(world.work.willing)
    opening = np.zeros(len(person), dtype=np.int64)
    little = world.traits.education[person] <= 2
    gains = []
    for group in (person[little], person[~little]):
        rates = [
            np.mean(
                [
                    hired(world, group, opening[: len(group)], np.full(len(group), trained), Dice(s)).mean()
                    for s in range(60)
                ]
            )
            for trained in (True, False)
        ]
        gains.append(rates[0] - rates[1])
    assert gains[0] > gains[1] > 0.02
