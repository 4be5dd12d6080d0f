"""Draw the pictures of docs/simulation.md from files that the simulator wrote.

    python benchmarks/simulation_plots.py [--out docs/simulation] [--seed 42] [--quick]

Needs the ``study`` dependency group (matplotlib) and Debian's fonts-noto-cjk. Reads the feeds and the truth as anybody
would, never the simulator's insides. The last line printed is one JSON object with the figures behind the pictures.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pyarrow.parquet as pq
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator, PercentFormatter

from schema.codes import EDUCATION, NATIONALITY
from schema.regions import load_regions
from simulate.families import years_between
from simulate.places import distance_km
from simulate.province import simulate

AS_OF = date(2026, 6, 1)
COUNTY, PROVINCE = "530627000000", "530000000000"
CHANNELS = {"本县": "#4c9f70", "省内": "#4878a8", "上海协作": "#b5544d", "广东协作": "#d99a3d"}
ENGLISH = {"本县": "the county", "省内": "the province", "上海协作": "Shanghai", "广东协作": "Guangdong"}
INK, GRID = "#333333", "#dddddd"
#: Vocational and senior secondary, the two colleges and the university are drawn as one band each.
BANDS = (
    ("none 文盲", ("90",), "#8c510a"),
    ("primary 小学", ("80",), "#d8b365"),
    ("junior 初中", ("70",), "#f6e8c3"),
    ("senior 高中、中专", ("60", "40"), "#5ab4ac"),
    ("higher 大专及以上", ("30", "20", "10"), "#01665e"),
)


@dataclass(frozen=True)
class Made:
    """What one run wrote, read back."""

    people: dict[str, list[Any]]
    openings: list[dict[str, str]]
    referrals: list[dict[str, Any]]


def make(folder: Path, region: str, households: int, seed: int) -> Made:
    """Simulate and read the truth and the market's files."""
    simulate(region, households, seed, folder, format="parquet")
    people = pq.read_table(folder / "truth" / "people.parquet").to_pydict()
    (openings,) = (folder / "feeds").glob("openings_*.csv")
    (referrals,) = (folder / "feeds").glob("referrals_*.gz")
    return Made(
        people=people,
        openings=list(csv.DictReader(openings.read_text(encoding="utf-8").splitlines())),
        referrals=[json.loads(line) for line in gzip.decompress(referrals.read_bytes()).splitlines()],
    )


def style() -> None:
    """One look for all pictures."""
    mpl.use("Agg")
    mpl.rcParams.update(
        {
            "font.family": ["Noto Sans CJK SC", "DejaVu Sans"],
            "font.size": 10,
            "axes.unicode_minus": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "axes.titlelocation": "left",
            "axes.titlesize": 12,
            "axes.axisbelow": True,
            "grid.color": GRID,
            "legend.frameon": False,
            "figure.dpi": 110,
            "savefig.bbox": "tight",
            "savefig.facecolor": "white",
        }
    )


def save(out: Path, name: str) -> None:
    """Write the current picture; without the library's version in it the same picture is the same bytes."""
    plt.savefig(out / f"{name}.png", metadata={"Software": None})
    plt.close()


def ages_of(people: dict[str, list[Any]]) -> np.ndarray:
    born = np.array(people["born_on"], dtype="datetime64[D]")
    return years_between(born, np.datetime64(AS_OF))


def draw_pyramid(county: Made, out: Path) -> dict[str, float]:
    """Men to the left, women to the right, five years a bar."""
    ages, sexes = ages_of(county.people), np.array(county.people["sex"])
    edges = np.arange(0, 106, 5)
    men, women = (np.histogram(ages[sexes == sex], edges)[0] / len(ages) for sex in ("1", "2"))
    _, axes = plt.subplots(figsize=(7.4, 5.6))
    height = edges[:-1] + 2.5
    axes.barh(height, -men, height=4.6, color="#4878a8", label="men")
    axes.barh(height, women, height=4.6, color="#b5544d", label="women")
    axes.set_yticks(edges[:-1:2])
    axes.set_ylabel("age, years")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value) * 100:.0f} %"))
    axes.set_xlabel("share of all people")
    limit = max(men.max(), women.max()) * 1.12
    axes.set_xlim(-limit, limit)
    axes.grid(axis="x")
    axes.legend(loc="upper right")
    axes.set_title("Age and sex, 镇雄县, 20,000 households")
    save(out, "pyramid")
    return {
        "under_15": float((ages < 15).mean()),
        "from_15_to_59": float(((ages >= 15) & (ages < 60)).mean()),
        "from_60": float((ages >= 60).mean()),
        "men": float((sexes == "1").mean()),
    }


def draw_nationalities(province: Made, out: Path) -> dict[str, float]:
    """Shares of the peoples in each prefecture, the Han last."""
    regions = load_regions()
    prefecture = [code[:4] for code in province.people["registered_region_code"]]
    codes = [NATIONALITY.zh(code) for code in province.people["nationality"]]
    most = [name for name, _ in Counter(codes).most_common(14) if name != "汉族"][:12]
    order = [*most, "其他民族", "汉族"]
    prefectures = sorted(set(prefecture))
    counts = {code: Counter() for code in prefectures}  # type: dict[str, Counter[str]]
    for code, name in zip(prefecture, codes, strict=True):
        counts[code][name if name in order else "其他民族"] += 1
    prefectures.sort(key=lambda code: counts[code]["汉族"] / counts[code].total())
    palette = [*[mpl.colormaps["tab20"](index) for index in range(12)], "#999999", "#eeeeee"]
    _, axes = plt.subplots(figsize=(8.6, 5.6))
    left = np.zeros(len(prefectures))
    for name, colour in zip(order, palette, strict=True):
        share = np.array([counts[code][name] / counts[code].total() for code in prefectures])
        axes.barh(range(len(prefectures)), share, left=left, color=colour, label=name, height=0.78)
        left += share
    axes.set_yticks(range(len(prefectures)), [regions[code + "00000000"].name for code in prefectures])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("share of the prefecture's people")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    axes.set_title("Nationalities by prefecture")
    save(out, "nationality")
    total = Counter(codes)
    return {"han": total["汉族"] / total.total(), "yi": total["彝族"] / total.total()}


def draw_education(county: Made, out: Path) -> dict[str, float]:
    """Highest schooling by age, of those of six and more."""
    ages, codes = ages_of(county.people), np.array([code or "" for code in county.people["education"]])
    edges = [6, 12, 16, 20, 25, 30, 40, 50, 60, 70, 106]
    names = [f"{low}–{high - 1}" for low, high in pairwise(edges[:-1])] + ["70+"]
    _, axes = plt.subplots(figsize=(8.2, 4.8))
    bottom = np.zeros(len(names))
    for label, members, colour in BANDS:
        share = []
        for low, high in pairwise(edges):
            inside = (ages >= low) & (ages < high) & (codes != "")
            share.append(float(np.isin(codes[inside], members).mean()))
        axes.bar(names, share, bottom=bottom, color=colour, label=label, width=0.86)
        bottom += np.array(share)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("age, years; pupils count by the school they attend")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), reverse=True)
    axes.set_title("Schooling by age, 镇雄县")
    save(out, "education")
    grown = (ages >= 16) & (codes != "")
    return {EDUCATION.en(code): float((codes[grown] == code).mean()) for code in ("90", "80", "70")}


def draw_wages(county: Made, out: Path) -> dict[str, float]:
    """Middle of the wage offered, one curve a channel, weighted by vacancies."""
    now = [row for row in county.openings if row["状态"] == "招聘中"]
    _, axes = plt.subplots(figsize=(8.0, 4.4))
    edges = np.arange(1500, 10501, 500)
    medians: dict[str, float] = {}
    for channel, colour in CHANNELS.items():
        rows = [row for row in now if row["渠道"] == channel]
        wage = np.array([(int(row["最低月薪"]) + int(row["最高月薪"])) / 2 for row in rows])
        vacancies = np.array([int(row["招聘人数"]) - int(row["已招人数"]) for row in rows], dtype=float)
        share, _ = np.histogram(wage, edges, weights=vacancies / vacancies.sum())
        axes.stairs(share, edges, color=colour, linewidth=2, label=f"{ENGLISH[channel]} {channel}")
        axes.stairs(share, edges, color=colour, alpha=0.12, fill=True)
        order = np.argsort(wage)
        middle = np.searchsorted(np.cumsum(vacancies[order]), vacancies.sum() / 2)
        medians[ENGLISH[channel]] = float(wage[order][middle])
    axes.set_xlabel("yuan a month, middle of the range offered")
    axes.set_ylabel("share of the channel's vacancies")
    axes.yaxis.set_major_locator(MultipleLocator(0.05))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    axes.legend()
    axes.set_title("Wages by where the work is")
    save(out, "wages")
    return medians


def offers(county: Made) -> Iterator[tuple[str, float, bool]]:
    """Channel, kilometres, whether it led to work, for each past offer of an opening."""
    home = dict(zip(county.people["citizen_number"], county.people["living_region_code"], strict=True))
    by_reference = {row["岗位编号"]: row for row in county.openings}
    rows = [row for row in county.referrals if row["类别"] == "岗位"]
    openings = [by_reference[row["目标编号"]] for row in rows]
    km = distance_km(
        np.array([int(home[row["身份证号码"]]) for row in rows]), np.array([int(o["工作地区划代码"]) for o in openings])
    )
    for row, opening, distance in zip(rows, openings, km.tolist(), strict=True):
        yield opening["渠道"], distance, row.get("结果") in ("已上岗", "已离岗")


def draw_outcomes(county: Made, out: Path) -> dict[str, float]:
    """How often an offer led to work, by distance and channel, and how long it lasted."""
    rows = list(offers(county))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.2), width_ratios=(1.25, 1))
    bands = (
        (0, 10, "township"),
        (10, 60, "county"),
        (60, 300, "60–300 km"),
        (300, 900, "300–900 km"),
        (900, 5000, "900+ km"),
    )
    shares, counts = [], []
    for low, high, _ in bands:
        inside = [placed for _, km, placed in rows if low <= km < high]
        shares.append(float(np.mean(inside)) if inside else 0.0)
        counts.append(len(inside))
    bars = left.bar([name for _, _, name in bands], shares, color="#4878a8", width=0.7)
    left.bar_label(bars, [f"{count:,}" for count in counts], padding=2, fontsize=8.5, color=INK)
    left.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    left.yaxis.set_major_locator(MultipleLocator(0.05))
    left.set_ylim(0, max(shares) * 1.18)
    left.set_xlabel("distance to the work; above the bars the number of offers")
    left.set_title("Offers that led to work")
    left.grid(axis="y")
    draw_months(county, right)
    figure.tight_layout(w_pad=3)
    save(out, "outcomes")
    return {"placed_share": float(np.mean([placed for _, _, placed in rows])), "offers": len(rows)}


def draw_months(county: Made, axes: Axes) -> None:
    """Months that finished placements lasted."""
    months = [row["在岗月数"] for row in county.referrals if "在岗月数" in row and row["类别"] == "岗位"]
    axes.hist(months, bins=np.arange(-0.5, 25.5), color="#4c9f70", rwidth=0.86)
    axes.set_xlabel("months in the job, of those who left")
    axes.set_ylabel("people")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_title("How long it lasted")
    axes.grid(axis="y")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/simulation"))
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--quick", action="store_true", help="a tenth of the households")
    arguments = parser.parse_args()
    households = 2_000 if arguments.quick else 20_000
    style()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        county = make(Path(folder) / "county", COUNTY, households, arguments.seed)
        province = make(Path(folder) / "province", PROVINCE, households, arguments.seed)
    figures = {
        "age": draw_pyramid(county, arguments.out),
        "nationality": draw_nationalities(province, arguments.out),
        "education": draw_education(county, arguments.out),
        "median_wage": draw_wages(county, arguments.out),
        "history": draw_outcomes(county, arguments.out),
    }
    print(json.dumps(figures, ensure_ascii=False))


if __name__ == "__main__":
    main()
