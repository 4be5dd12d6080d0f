"""Code lists, each with the authority that publishes it.

The register stores the ``code`` of an entry, never its label. Departments write labels, abbreviations and old codes;
:meth:`CodeList.code_of` reads them all. Lists whose authority is "Yunqiao" give a stable code to categories that a
department's form names but no standard numbers.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Code:
    """One entry: ``order`` ranks entries where the list has an order (education, skill level); higher is more."""

    code: str
    zh: str
    en: str
    aliases: tuple[str, ...] = ()
    order: int = 0


@dataclass(frozen=True)
class CodeList:
    """A named list of codes.

    Parameters
    ----------
    name
        Identifier used by layouts and the catalogue.
    authority
        Standard or office that publishes the list.
    entries
        In the standard's order.
    """

    name: str
    authority: str
    entries: tuple[Code, ...]
    _by_code: dict[str, Code] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_code.update({entry.code: entry for entry in self.entries})

    @cached_property
    def _by_label(self) -> dict[str, str]:
        labels: dict[str, str] = {}
        for entry in self.entries:
            for label in (entry.code, entry.zh, entry.en, *entry.aliases):
                labels.setdefault(fold_label(label), entry.code)
        return labels

    def code_of(self, text: str) -> str | None:
        """The code that ``text`` (a code, label or alias in any width or case) stands for; None when unknown."""
        return self._by_label.get(fold_label(text))

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def __getitem__(self, code: str) -> Code:
        return self._by_code[code]

    def zh(self, code: str | None) -> str:
        """Chinese label; an unknown code is shown as it stands, None as an empty string."""
        return "" if code is None else self._by_code[code].zh if code in self._by_code else code

    def en(self, code: str | None) -> str:
        """English label; an unknown code is shown as it stands, None as an empty string."""
        return "" if code is None else self._by_code[code].en if code in self._by_code else code

    def order(self, code: str | None) -> int:
        """Rank of ``code`` within the list; -1 when None or unknown."""
        return self._by_code[code].order if code is not None and code in self._by_code else -1


def fold_label(text: str) -> str:
    """Width, case, blanks and brackets out of the way, so that ``Ａ 类`` and ``a类`` are one label."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(ch for ch in folded if not ch.isspace() and ch not in "()[]【】“”\"'、")


def _list(
    name: str, authority: str, *rows: tuple[str, str, str] | tuple[str, str, str, str], ranked: bool = False
) -> CodeList:
    entries = tuple(
        Code(row[0], row[1], row[2], tuple(row[3].split("|")) if len(row) == 4 else (), position if ranked else 0)
        for position, row in enumerate(rows)
    )
    return CodeList(name, authority, entries)


_FORM = "Yunqiao, after the departments' forms"

SEX = _list("sex", "GB/T 2261.1-2003", ("1", "男", "male", "男性"), ("2", "女", "female", "女性"))

# Ranked: the order is the ladder of schooling, not the order of the codes.
EDUCATION = _list(
    "education",
    "GB/T 4658-2006",
    ("90", "文盲或半文盲", "no schooling", "文盲|半文盲|未上学|不识字或识字很少|学龄前儿童"),
    ("80", "小学", "primary school", "小学毕业|小学肄业"),
    ("70", "初中", "junior secondary", "初级中学|初中毕业|初中肄业"),
    ("60", "高中", "senior secondary", "普通高级中学|普通高中|高中毕业|61"),
    ("40", "中专", "secondary vocational", "中等职业|中职|职高|技校|中等专业学校|中专中技|高中中专|47|41|44"),
    ("30", "大专", "college diploma", "大学专科|专科|高职|大专及以上|31"),
    ("20", "本科", "bachelor", "大学本科|大学|21"),
    ("10", "研究生", "postgraduate", "硕士|博士|硕士研究生|博士研究生|11|14"),
    ranked=True,
)

RELATION = _list(
    "relation",
    "GB/T 4761-2008",
    ("02", "户主", "head", "本人|本人或户主|01|0"),
    ("10", "配偶", "spouse", "妻|夫|妻子|丈夫|之妻|之夫|11|12"),
    ("20", "子", "son", "儿子|独生子|长子|次子|三子|之子|21|22|23"),
    ("30", "女", "daughter", "女儿|独生女|长女|次女|三女|之女|31|32|33"),
    ("28", "女婿", "son-in-law", "之女婿|入赘女婿"),
    ("38", "儿媳", "daughter-in-law", "媳妇|之儿媳|儿媳妇"),
    ("40", "孙子、孙女或外孙子、外孙女", "grandchild", "孙子|孙女|外孙|外孙女|孙|之孙子|之孙女|41|42|43|44"),
    ("50", "父母", "parent", "父亲|母亲|父|母|公公|婆婆|岳父|岳母|之父|之母|51|52|53|54|55|56"),
    ("60", "祖父母或外祖父母", "grandparent", "祖父|祖母|爷爷|奶奶|外祖父|外祖母|61|62|63|64"),
    ("70", "兄弟姐妹", "sibling", "兄|弟|姐|妹|哥哥|弟弟|姐姐|妹妹|71|73|75|77"),
    ("99", "其他", "other", "其他亲属|非亲属|叔|侄子|侄女|97|98"),
)

NATIONALITY = CodeList(
    "nationality",
    "GB/T 3304-1991",
    tuple(
        Code(f"{number:02d}", zh, en, (zh.removesuffix("族"),))
        for number, (zh, en) in enumerate(
            [
                ("汉族", "Han"), ("蒙古族", "Mongol"), ("回族", "Hui"), ("藏族", "Zang"), ("维吾尔族", "Uygur"),
                ("苗族", "Miao"), ("彝族", "Yi"), ("壮族", "Zhuang"), ("布依族", "Buyei"), ("朝鲜族", "Chosen"),
                ("满族", "Man"), ("侗族", "Dong"), ("瑶族", "Yao"), ("白族", "Bai"), ("土家族", "Tujia"),
                ("哈尼族", "Hani"), ("哈萨克族", "Kazak"), ("傣族", "Dai"), ("黎族", "Li"), ("傈僳族", "Lisu"),
                ("佤族", "Va"), ("畲族", "She"), ("高山族", "Gaoshan"), ("拉祜族", "Lahu"), ("水族", "Sui"),
                ("东乡族", "Dongxiang"), ("纳西族", "Naxi"), ("景颇族", "Jingpo"), ("柯尔克孜族", "Kirgiz"),
                ("土族", "Tu"), ("达斡尔族", "Daur"), ("仫佬族", "Mulao"), ("羌族", "Qiang"), ("布朗族", "Blang"),
                ("撒拉族", "Salar"), ("毛南族", "Maonan"), ("仡佬族", "Gelao"), ("锡伯族", "Xibe"),
                ("阿昌族", "Achang"),
                ("普米族", "Pumi"), ("塔吉克族", "Tajik"), ("怒族", "Nu"), ("乌孜别克族", "Uzbek"),
                ("俄罗斯族", "Russ"),
                ("鄂温克族", "Ewenki"), ("德昂族", "Deang"), ("保安族", "Bonan"), ("裕固族", "Yugur"), ("京族", "Gin"),
                ("塔塔尔族", "Tatar"), ("独龙族", "Derung"), ("鄂伦春族", "Oroqen"), ("赫哲族", "Hezhen"),
                ("门巴族", "Monba"), ("珞巴族", "Lhoba"), ("基诺族", "Jino"),
            ],
            start=1,
        )
    ),
)  # fmt: skip

DISABILITY_KIND = _list(
    "disability_kind",
    "GB/T 26341-2010",
    ("1", "视力残疾", "visual", "视力"),
    ("2", "听力残疾", "hearing", "听力"),
    ("3", "言语残疾", "speech", "言语"),
    ("4", "肢体残疾", "physical", "肢体"),
    ("5", "智力残疾", "intellectual", "智力"),
    ("6", "精神残疾", "psychosocial", "精神"),
    ("7", "多重残疾", "multiple", "多重"),
)
DISABILITY_LEVEL = _list(
    "disability_level",
    "GB/T 26341-2010",
    ("4", "四级", "level 4", "四|4级|肆级"),
    ("3", "三级", "level 3", "三|3级|叁级"),
    ("2", "二级", "level 2", "二|2级|贰级"),
    ("1", "一级", "level 1", "一|1级|壹级"),
    ranked=True,
)
REGION_LEVEL = _list(
    "region_level",
    "National Bureau of Statistics, statistical division codes",
    ("province", "省", "province"),
    ("prefecture", "州市", "prefecture"),
    ("county", "县", "county"),
    ("township", "乡镇", "township"),
    ("village", "村", "village"),
)
PERSON_CATEGORY = _list(
    "person_category",
    _FORM,
    ("exited", "脱贫人口", "lifted out of poverty", "脱贫|脱贫户|建档立卡脱贫人口"),
    ("monitored", "监测对象", "monitored", "监测|防止返贫监测对象|三类人员"),
    ("other", "其他", "other", "一般农户|其他农村劳动力|其它"),
)
EMPLOYMENT_STATUS = _list(
    "employment_status",
    _FORM,
    ("employed", "已就业", "in work", "就业|在岗"),
    ("unemployed", "未就业", "not in work", "失业|无业|待业"),
    ("unwilling", "无意愿", "does not wish to work", "无就业意愿|暂无意愿"),
)
EMPLOYMENT_FORM = _list(
    "employment_form",
    _FORM,
    ("unit", "单位就业", "employed by a unit", "企业就业|企业务工|单位用工"),
    ("flexible", "灵活就业", "flexible work", "零工|临时务工"),
    ("own_business", "自主创业", "own business", "创业|个体经营|个体"),
    ("welfare_post", "公益性岗位", "public-welfare post", "公益岗|公岗|乡村公益性岗位"),
    ("farming", "务农", "own farming", "在家务农|种养殖"),
)
WISH_SCOPE = _list(
    "wish_scope",
    _FORM,
    ("county", "县内", "within the county", "本县|县域内|就地就近"),
    ("province", "县外省内", "in the province, outside the county", "省内县外|省内"),
    ("outside", "省外", "outside the province", "外省|出省"),
    ranked=True,
)
EXPORT_MODE = _list(
    "export_mode",
    _FORM,
    ("organised", "有组织", "organised", "有组织输出|政府组织"),
    ("own", "自发", "on one's own", "自发输出|自主外出"),
    ("kin", "亲友", "through kin and friends", "亲友介绍|亲友带动"),
)
CERTIFICATE_KIND = _list(
    "certificate_kind",
    "Ministry of Human Resources and Social Security, vocational skill recognition",
    ("completion", "合格证", "certificate of completion", "培训合格证|结业证|培训合格证书"),
    ("special_ability", "专项能力", "special ability certificate", "专项职业能力|专项职业能力证书|专项能力证书"),
    (
        "skill_level",
        "技能等级",
        "vocational skill level certificate",
        "职业技能等级|职业技能等级证书|技能等级证书|职业资格证书",
    ),
    ranked=True,
)
SKILL_LEVEL = _list(
    "skill_level",
    "National vocational skill standards, levels five (lowest) to one",
    ("5", "五级", "level five", "初级工|五级/初级工|初级"),
    ("4", "四级", "level four", "中级工|四级/中级工|中级"),
    ("3", "三级", "level three", "高级工|三级/高级工|高级"),
    ("2", "二级", "level two", "技师|二级/技师"),
    ("1", "一级", "level one", "高级技师|一级/高级技师"),
    ranked=True,
)
URBAN_RURAL = _list("urban_rural", _FORM, ("rural", "农村", "rural", "乡村"), ("urban", "城市", "urban", "城镇"))
BENEFIT_KIND = _list(
    "benefit_kind",
    "Interim Measures for Social Assistance (2014, amended 2019); Ministry of Civil Affairs forms",
    ("extreme_poverty", "特困供养", "support for people in extreme poverty", "特困人员供养|特困|五保"),
    ("dibao", "低保", "minimum living allowance", "最低生活保障|农村低保|城市低保"),
    ("dibao_edge", "低保边缘", "on the edge of the minimum living allowance", "低保边缘家庭|低边"),
    ("rigid_spending", "刚性支出困难", "hardship through unavoidable spending", "刚性支出困难家庭|支出型困难"),
    ("temporary", "临时救助", "temporary relief", "临时"),
    ("orphan", "孤儿", "orphan"),
    ("unsupported_child", "事实无人抚养儿童", "child without actual support", "事孤"),
)
BENEFIT_CLASS = _list(
    "benefit_class",
    _FORM,
    ("A", "A类", "class A", "A|一类"),
    ("B", "B类", "class B", "B|二类"),
    ("C", "C类", "class C", "C|三类"),
)
BENEFIT_STATE = _list(
    "benefit_state",
    _FORM,
    ("active", "在保", "paid", "正常|保障中"),
    ("grace", "渐退", "grace period", "渐退期|缓退"),
    ("stopped", "停保", "stopped", "已停保|退出"),
)
HARDSHIP_CAUSE = _list(
    "hardship_cause",
    _FORM,
    ("illness", "因病", "illness", "疾病|重病"),
    ("disability", "因残", "disability", "残疾"),
    ("schooling", "因学", "schooling", "上学"),
    ("disaster", "因灾", "disaster", "灾害"),
    ("no_labour", "缺劳动力", "no labour", "无劳动力|因老"),
    ("other", "其他", "other", "其它"),
)
SUPPORT_MODE = _list(
    "support_mode",
    _FORM,
    ("home", "分散供养", "supported at home", "分散"),
    ("institution", "集中供养", "in an institution", "集中"),
)
LABOUR_ABILITY = _list(
    "labour_ability",
    "Ministry of Civil Affairs forms",
    ("none", "无", "none", "无劳动能力|丧失劳动能力|完全丧失"),
    ("partial", "部分", "partial", "部分劳动能力|部分丧失|弱|半劳动能力"),
    ("full", "有", "full", "有劳动能力|完全劳动能力|正常"),
    ranked=True,
)
LABOUR_SKILL = _list(
    "labour_skill",
    "National Administration for Rural Revitalization, household forms",
    ("none", "无", "none", "无劳动力"),
    ("lost", "丧失", "lost", "丧失劳动力"),
    ("weak", "弱或半", "weak or half", "弱劳动力或半劳动力|弱劳动力|半劳动力|弱半劳动力"),
    ("ordinary", "普通", "ordinary", "普通劳动力"),
    ("skilled", "技能", "skilled", "技能劳动力"),
    ranked=True,
)
SCHOOL_STATE = _list(
    "school_state",
    "National Administration for Rural Revitalization, household forms",
    ("not", "非在校生", "not at school", "不在校"),
    ("preschool", "学前教育", "pre-school", "学龄前"),
    ("primary", "小学", "at primary school", "小学在校"),
    ("junior", "初中", "at junior secondary school", "七年级|八年级|九年级|初中在校"),
    ("senior", "高中", "at senior secondary school", "普通高中|高中在校"),
    ("vocational", "中职", "at vocational school", "中专|技校|中职在校"),
    ("college", "大专及以上", "at college or university", "大学|高等教育|本科|大专"),
)
HEALTH = _list(
    "health",
    "National Administration for Rural Revitalization, household forms",
    ("healthy", "健康", "healthy", "良好"),
    ("chronic", "长期慢性病", "chronic illness", "慢性病"),
    ("serious", "患有大病", "serious illness", "大病|重病"),
    ("disabled", "残疾", "disabled", "残疾人"),
)
HOUSEHOLD_KIND = _list(
    "household_kind",
    "National Administration for Rural Revitalization, household forms",
    ("ordinary", "一般农户", "ordinary rural household", "一般户"),
    ("exited", "脱贫户", "household lifted out of poverty", "脱贫|已脱贫户|脱贫享受政策"),
    ("monitored", "监测对象", "monitored household", "监测户|防止返贫监测户"),
)
MONITORED_KIND = _list(
    "monitored_kind",
    "Guidance on monitoring to prevent a return to poverty (2021)",
    ("unstable", "脱贫不稳定户", "unstable after exit", "脱贫不稳定"),
    ("edge", "边缘易致贫户", "on the edge of poverty", "边缘易致贫|边缘户"),
    ("sudden", "突发严重困难户", "in sudden serious difficulty", "突发严重困难|突发困难户"),
)
RISK_KIND = _list(
    "risk_kind",
    "Guidance on monitoring to prevent a return to poverty (2021)",
    ("illness", "因病", "illness", "患病"),
    ("disability", "因残", "disability", "残疾"),
    ("schooling", "因学", "schooling", "就学"),
    ("disaster", "因自然灾害", "natural disaster", "因灾"),
    ("job_loss", "因务工就业不稳", "unstable work", "务工就业不稳|失业"),
    ("industry", "因产业项目失败", "failed venture", "产业失败"),
    ("labour", "缺劳动力", "no labour", "无劳动力"),
    ("other", "其他", "other", "其它"),
)
WORK_REGION = _list(
    "work_region",
    "National Administration for Rural Revitalization, household forms",
    ("township", "乡(镇)内务工", "in the township", "乡镇内|乡内"),
    ("county", "乡(镇)外县内务工", "in the county", "县内|乡外县内"),
    ("province", "县外省内务工", "in the province", "省内|县外省内"),
    ("outside", "省外务工", "outside the province", "省外"),
)
CHANNEL = _list(
    "channel",
    "Yunqiao",
    ("local", "本县", "in the county", "县内|就近"),
    ("province", "省内", "in the province", "省内县外"),
    ("shanghai", "上海协作", "Shanghai co-operation", "沪滇协作|上海"),
    ("guangdong", "广东协作", "Guangdong co-operation", "滇粤协作|广东"),
)
WAGE_KIND = _list(
    "wage_kind", "Yunqiao", ("monthly", "月薪", "monthly wage", "计时"), ("piece", "计件", "piece wage", "计件工资")
)
PROGRAMME_MODE = _list(
    "programme_mode",
    "Yunnan farmers' training, modes of the county mechanism",
    ("course", "集中培训", "course", "课堂培训"),
    ("with_post", "培训+上岗", "training with a post", "订单培训|培训上岗"),
    ("incubation", "孵化式", "incubation", "孵化式培训|创业培训"),
    ("master", "师带徒", "master and trainee", "以工代训"),
)
POST_KIND = _list(
    "post_kind",
    "Guidance on rural public-welfare posts (2020)",
    ("cleaning", "保洁", "cleaning", "保洁员|乡村保洁员"),
    ("forest_guard", "生态护林员", "ecological forest guard", "护林员"),
    ("road", "护路", "road upkeep", "护路员|公路养护"),
    ("water", "管水", "water upkeep", "管水员|河道管护"),
    ("care", "照料", "care of the old and the young", "护理员|看护"),
    ("canteen", "食堂", "canteen", "炊事员"),
    ("security", "治安协管", "security", "协管员"),
    ("other", "其他", "other", "其它"),
)
CANNOT_LEAVE_REASON = _list(
    "cannot_leave_reason",
    "Yunqiao",
    ("care", "照顾老幼病残", "caring for family", "照顾家人"),
    ("health", "身体原因", "health", "本人患病"),
    ("schooling", "陪读", "children's schooling", "陪读子女"),
    ("other", "其他", "other", "其它"),
)
REFERRAL_STATE = _list(
    "referral_state",
    "Yunqiao",
    ("shown", "已推荐未选", "shown"),
    ("referred", "已推介", "referred"),
    ("contacted", "已联系", "contacted"),
    ("accepted", "愿意", "accepted"),
    ("declined", "谢绝", "declined"),
    ("placed", "已上岗", "placed"),
    ("ended", "已结束", "ended"),
)
CONTACT_CHANNEL = _list(
    "contact_channel",
    "Yunqiao",
    ("phone", "电话", "telephone"),
    ("visit", "入户", "visit"),
    ("message", "短信", "message"),
    ("office", "来访", "at the office"),
)
CONTACT_RESULT = _list(
    "contact_result",
    "Yunqiao",
    ("reached", "已联系上", "reached"),
    ("no_answer", "无人接听", "no answer"),
    ("wrong_number", "号码错误", "wrong number"),
)
OUTCOME_RESULT = _list(
    "outcome_result",
    "Yunqiao",
    ("placed", "已上岗", "placed", "上岗|录用|入职"),
    ("declined", "本人谢绝", "declined", "谢绝|不去"),
    ("not_hired", "未录用", "not hired", "用人单位未录用"),
    ("completed", "培训完成", "training completed", "结业"),
    ("left", "已离岗", "left", "离岗|离职"),
)
OUTCOME_REASON = _list(
    "outcome_reason",
    "Yunqiao",
    ("wage", "工资低", "wage"),
    ("distance", "离家远", "distance"),
    ("conditions", "工作条件", "conditions"),
    ("family", "家庭原因", "family"),
    ("health", "健康原因", "health"),
    ("skill", "技能不符", "skill"),
    ("other", "其他", "other"),
)
DEPARTMENT = _list(
    "department",
    "Yunqiao",
    ("human_resources", "人力资源和社会保障", "human resources and social security", "人社"),
    ("civil_affairs", "民政", "civil affairs"),
    ("rural_revitalization", "乡村振兴", "rural revitalization", "农业农村"),
    ("station", "就业创业服务站", "employment and start-up station"),
)

LISTS: dict[str, CodeList] = {value.name: value for value in list(globals().values()) if isinstance(value, CodeList)}
