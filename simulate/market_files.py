"""The market's files: openings, programmes, posts, and what past offers came to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from schema.codes import (
    CERTIFICATE_KIND,
    CHANNEL,
    EDUCATION,
    OUTCOME_REASON,
    OUTCOME_RESULT,
    POST_KIND,
    PROGRAMME_MODE,
    REFERRAL_STATE,
    SKILL_LEVEL,
    WAGE_KIND,
)
from schema.regions import load_regions
from simulate.columns import day_column, flags, join, labels_of, whole_numbers
from simulate.history import KIND_PROGRAMME, Referrals
from simulate.human_resources import labels
from simulate.marginals import Bool, Dates, Dice, Int, load_jobs, load_marginals
from simulate.market import FILLED, Employers, Openings, Posts, Programmes
from simulate.numbers import credit_codes, digits_of, text_of
from simulate.sheet import Register

_FIRST = tuple("云禾锦泽川岭溪松雾霁谷屿澜砚穗竹杉莓槿曦")
_SECOND = tuple("渡畔榕菁朗麓垣笙岫桥蔚屏歌苇硕辰牧陌棠迟")
_PARTNERS = {"local": "BX", "province": "YN", "shanghai": "SH", "guangdong": "GD"}
_PARTNERS_A_CHANNEL = 4


def employer_names(employers: Employers, dice: Dice) -> list[str]:
    """Place, two characters that no trade uses together, and what the employer does."""
    regions, jobs = load_regions(), load_jobs()
    count = len(employers.town)
    first, second = dice.split(count, 0, len(_FIRST) - 1), dice.split(count, 0, len(_SECOND) - 1)
    names = []
    for row in range(count):
        code = str(employers.town[row])
        county, prefecture = regions.get(code[:6] + "000000"), regions.get(code[:4] + "00000000")
        # Shanghai's prefecture level and the towns of Dongguan and Zhongshan have no name of their own there.
        place = county if county is not None and county.name != "市辖区" else prefecture
        name = regions[code].name if place is None else place.name
        suffix = jobs[employers.sector_job[row]]["employer"]
        names.append(f"{name}{_FIRST[first[row]]}{_SECOND[second[row]]}{suffix}")
    return names


def opening_references(count: int, start: int) -> pa.Array:
    """References of ``count`` openings from the ``start``-th on."""
    return join("GW", text_of(digits_of(np.arange(start, start + count), 8)))


def openings_table(
    employers: Employers, names: list[str], openings: Openings, references: pa.Array, dice: Dice
) -> dict[str, pa.Array]:
    """The openings' file, open and past ones alike."""
    jobs = load_jobs()
    titles, codes = [job["title"] for job in jobs], [job["occupation_code"] for job in jobs]
    credit = credit_codes(employers.town // 1_000_000, np.arange(len(names)))
    partners = [
        f"{_PARTNERS[entry.code]}{n:03d}" for entry in CHANNEL.entries for n in range(1, _PARTNERS_A_CHANNEL + 1)
    ]
    partner = openings.channel.astype(np.int64) * _PARTNERS_A_CHANNEL + openings.employer % _PARTNERS_A_CHANNEL
    skilled = openings.skill_level_min >= 0
    all_rows = np.zeros(len(openings), dtype=bool)
    plain = np.zeros(len(openings), dtype=np.int64)
    education = [*labels(EDUCATION), "不限"]
    return {
        "岗位编号": references,
        "协作单位编码": labels_of(partners, partner),
        "用人单位": labels_of(names, openings.employer),
        "统一社会信用代码": labels_of(credit, openings.employer),
        "岗位名称": labels_of(titles, openings.job),
        "职业代码": labels_of(codes, openings.job),
        "岗位职责": pa.array(_duties(openings, dice), type=pa.string()),
        "工作地区划代码": text_of(digits_of(openings.region, 12)).cast(pa.string()),
        "渠道": labels_of(labels(CHANNEL), openings.channel),
        "最低月薪": whole_numbers(openings.wage_low, empty=all_rows),
        "最高月薪": whole_numbers(openings.wage_high, empty=all_rows),
        "计薪方式": labels_of(labels(WAGE_KIND), openings.piece.astype(np.int64)),
        "招聘人数": whole_numbers(openings.vacancies, empty=all_rows),
        "已招人数": whole_numbers(openings.filled, empty=all_rows),
        "学历要求": labels_of(
            education, np.where(openings.education_min < 1, len(education) - 1, openings.education_min)
        ),
        "最小年龄": whole_numbers(openings.age_min, empty=all_rows),
        "最大年龄": whole_numbers(openings.age_max, empty=all_rows),
        "技能等级要求": labels_of(labels(SKILL_LEVEL), openings.skill_level_min),
        "技能职业代码": labels_of(
            codes,
            np.where(
                skilled & dice.chance(load_marginals()["market"]["names_skill_occupation"], len(openings)),
                openings.job,
                -1,
            ),
        ),
        "重体力": flags(openings.heavy),
        "夜班": flags(openings.night),
        "包住": flags(openings.lodging),
        "缴纳社保": flags(openings.insurance),
        "合同月数": whole_numbers(openings.term_months, empty=all_rows),
        "发布日期": day_column(openings.posted_on, plain),
        "截止日期": day_column(openings.closes_on, plain),
        "状态": labels_of(["招聘中", "已关闭", "已招满"], openings.state),
    }


def _duties(openings: Openings, dice: Dice) -> list[str]:
    """Some of the job's duties, but none that the opening's own terms belie."""
    jobs = [job["duties"].split("|") for job in load_jobs()]
    belied: tuple[tuple[Bool, tuple[str, ...]], ...] = (
        (openings.night, ("夜", "倒", "凌晨", "运转")),
        (openings.piece, ("计件", "按件", "按平方米", "按天", "多劳多得")),
        (openings.lodging, ("吃住", "食宿", "住场")),
        (openings.insurance, ("险",)),
    )
    throw = dice.rng.random((len(openings), 6))
    texts = []
    for row, job in enumerate(openings.job.tolist()):
        lines = [
            line
            for at, line in enumerate(jobs[job])
            if (at == 0 or throw[row, at] < 0.7)
            and not any(not holds[row] and any(word in line for word in words) for holds, words in belied)
        ]
        texts.append("；".join(lines or jobs[job][:1]) + "。")
    return texts


def programme_references(count: int) -> pa.Array:
    """References of training programmes."""
    return join("PX", text_of(digits_of(np.arange(1, count + 1), 6)))


def programmes_table(programmes: Programmes, dice: Dice) -> dict[str, pa.Array]:
    """The programmes' file."""
    jobs, regions = load_jobs(), load_regions()
    count = len(programmes)
    none = np.zeros(count, dtype=bool)
    schools = ["职业技能培训学校", "技工学校", "农民科技教育中心", "就业技能实训基地"]
    counties, position = np.unique(programmes.region, return_inverse=True)
    county = [regions[str(code)].name for code in counties.tolist()]
    level = [f"（{entry.zh}）" for entry in SKILL_LEVEL.entries]
    named = np.where(programmes.skill_level >= 0, programmes.skill_level, len(level))
    return {
        "项目编号": programme_references(count),
        "项目名称": join(
            labels_of([job["title"] for job in jobs], programmes.job), "培训班", labels_of([*level, ""], named)
        ),
        "承办单位": join(labels_of(county, position), labels_of(schools, dice.split(count, 0, len(schools) - 1))),
        "职业代码": labels_of([job["occupation_code"] for job in jobs], programmes.job),
        "培训方式": labels_of(labels(PROGRAMME_MODE), programmes.mode),
        "证书类型": labels_of(labels(CERTIFICATE_KIND), programmes.certificate),
        "技能等级": labels_of(labels(SKILL_LEVEL), programmes.skill_level),
        "学历要求": labels_of(labels(EDUCATION), programmes.education_min),
        "最小年龄": whole_numbers(np.full(count, 16), empty=none),
        "最大年龄": whole_numbers(np.where(programmes.skill_level >= 0, 55, 60), empty=none),
        "天数": whole_numbers(programmes.days, empty=none),
        "名额": whole_numbers(programmes.seats, empty=none),
        "已报名额": whole_numbers(programmes.taken, empty=none),
        "开班日期": day_column(programmes.starts_on, np.zeros(count, dtype=np.int64)),
        "区划代码": text_of(digits_of(programmes.region, 12)).cast(pa.string()),
        "每日补贴": whole_numbers(programmes.allowance, empty=none),
        "状态": labels_of(["报名中", "已截止"], programmes.state),
    }


def post_references(count: int) -> pa.Array:
    """References of public-welfare posts."""
    return join("GY", text_of(digits_of(np.arange(1, count + 1), 6)))


def posts_table(posts: Posts) -> dict[str, pa.Array]:
    """The posts' file."""
    regions = load_regions()
    count = len(posts)
    none = np.zeros(count, dtype=bool)
    who = [
        "乡村保洁员",
        "生态护林员",
        "道路养护员",
        "管水员",
        "养老护理员",
        "村级食堂炊事员",
        "治安协管员",
        "村级综合服务员",
    ]
    payer = ["人社", "林草", "交通运输", "水利", "民政", "教育", "人社", "人社"]
    towns, position = np.unique(posts.region, return_inverse=True)
    return {
        "岗位编号": post_references(count),
        "岗位名称": join(
            labels_of([regions[str(code)].name for code in towns.tolist()], position), labels_of(who, posts.kind)
        ),
        "岗位类别": labels_of(labels(POST_KIND), posts.kind),
        "主管部门": labels_of(payer, posts.kind),
        "区划代码": text_of(digits_of(posts.region, 12)).cast(pa.string()),
        "名额": whole_numbers(posts.vacancies, empty=none),
        "已聘人数": whole_numbers(posts.filled, empty=none),
        "月补贴": whole_numbers(posts.wage, empty=none),
        "期限（月）": whole_numbers(posts.term_months, empty=none),
        "重体力": flags(posts.heavy),
        "到岗日期": day_column(posts.starts_on, np.zeros(count, dtype=np.int64)),
        "状态": labels_of(["招聘中", "已截止"], posts.state),
    }


def referrals_table(
    register: Register, referrals: Referrals, *, openings: pa.Array, programmes: pa.Array, posts: pa.Array
) -> dict[str, pa.Array]:
    """Past offers in the order of time, by the references of what was offered."""
    plain = np.zeros(len(referrals), dtype=np.int64)
    target = referrals.target + np.where(referrals.kind == 0, 0, len(openings))
    target = target + np.where(referrals.kind > KIND_PROGRAMME, len(programmes), 0)
    references = pa.concat_arrays([openings, programmes, posts])
    people = pa.array(referrals.person)

    def days(values: Dates) -> pa.Array:
        return day_column(values, plain)

    return {
        "身份证号码": register.numbers.take(people).cast(pa.string()),
        "姓名": register.names.take(people),
        "类别": labels_of(["岗位", "培训", "公益性岗位"], referrals.kind),
        "目标编号": references.take(pa.array(target)),
        "推荐日期": days(referrals.shown_on),
        "序位": whole_numbers(referrals.rank, empty=referrals.rank < 0),
        "状态": labels_of(labels(REFERRAL_STATE), referrals.state),
        "结果": labels_of(labels(OUTCOME_RESULT), referrals.result),
        "原因": labels_of(labels(OUTCOME_REASON), referrals.reason),
        "月薪": whole_numbers(referrals.wage, empty=referrals.wage == 0),
        "上岗日期": days(referrals.started_on),
        "离岗日期": days(referrals.ended_on),
        "在岗月数": whole_numbers(referrals.months_kept, empty=referrals.months_kept < 0),
        "联系日期": days(referrals.contacted_on),
    }


def fill_past(openings: Openings, referrals: Referrals) -> tuple[Int, Int]:
    """Vacancies and filled ones of past openings: at least as many as the offers placed there."""
    placed = np.isin(referrals.result, (0, 4)) & (referrals.kind == 0)
    taken = np.bincount(referrals.target[placed], minlength=len(openings))
    vacancies = np.maximum(openings.vacancies, taken)
    full = openings.state == FILLED
    return vacancies, np.where(full, vacancies, np.minimum(vacancies, taken + vacancies // 4))
