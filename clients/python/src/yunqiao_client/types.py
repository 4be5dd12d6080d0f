"""Types of the hub's schema. Made by generate.py; do not edit. Days and moments are ISO 8601 text."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

AccessOutcome = Literal["OPEN", "MASKED", "WITHHELD", "NO_RECORD", "REFUSED"]
BenefitMonthOrder = Literal["NEWEST_FIRST"]
BenefitOrder = Literal["NEWEST_FIRST"]
EmploymentOrder = Literal["NEWEST_FIRST"]
HouseholdOrder = Literal["LARGEST_FIRST", "LAST_CHANGED"]
IdentityClaim = Literal["IDENTITY", "HOUSEHOLD_IN_REGISTER", "ZERO_EMPLOYMENT", "ON_BENEFIT", "MONITORED"]
Language = Literal["ZH", "EN"]
OpeningOrder = Literal["NEWEST_FIRST", "BEST_PAID_FIRST", "CLOSES_FIRST"]
OutcomeOrder = Literal["NEWEST_FIRST"]
PersonOrder = Literal["NAME", "YOUNGEST_FIRST", "OLDEST_FIRST", "LAST_CHANGED"]
PostOrder = Literal["STARTS_FIRST"]
ProgrammeOrder = Literal["STARTS_FIRST"]
ReferralOrder = Literal["NEWEST_FIRST"]
VerdictKind = Literal["PASS", "FAIL", "ASK"]
VerificationAnswer = Literal["YES", "NO", "UNKNOWN"]


class AccessExplanation(TypedDict, total=False):
    """Why somebody could or could not see a field of a record（权限说明）"""

    outcome: AccessOutcome
    reason: str
    entity: str
    field: str
    actorKind: str
    purpose: str
    on: str
    decisive: GrantConsidered | None
    grants: list[GrantConsidered]
    zh: str
    en: str


class AccessLedger(TypedDict, total=False):
    """A page of a person's ledger, newest first（个人信息使用记录）"""

    nodes: list[AccessLedgerEntry]
    hasNextPage: bool
    endCursor: str | None


class AccessLedgerEntry(TypedDict, total=False):
    """One use of a person's data（一次使用记录）"""

    happenedOn: str
    happenedAt: str | None
    who: str
    purposeLabel: str | None
    fieldLabels: list[str]
    partlyLabels: list[str]
    legalBasis: list[str]
    allowed: bool
    own: bool
    sentence: str


class AddPersonPayload(TypedDict, total=False):
    """What addPerson returns（办理结果）"""

    person: Person | None


# One entitlement of a person（救助待遇）
Benefit = TypedDict(
    "Benefit",
    {
        "id": "str",
        "certificateNumber": "str | None",
        "kind": "str | None",
        "kindLabel": "str | None",
        "class": "str | None",
        "classLabel": "str | None",
        "insuredPersons": "int | None",
        "yuanPerMonth": "float | None",
        "hardshipCause": "str | None",
        "hardshipCauseLabel": "str | None",
        "supportMode": "str | None",
        "supportModeLabel": "str | None",
        "startedOn": "str | None",
        "state": "str | None",
        "stateLabel": "str | None",
        "stopReason": "str | None",
        "months": "BenefitMonthConnection",
    },
    total=False,
)


class BenefitConnection(TypedDict, total=False):
    """A page of a list: One entitlement of a person（救助待遇）"""

    edges: list[BenefitEdge]
    nodes: list[Benefit]
    pageInfo: PageInfo
    totalCount: int | None


class BenefitEdge(TypedDict, total=False):
    """One item of a list: One entitlement of a person（救助待遇）"""

    node: Benefit
    cursor: str


class BenefitFilter(TypedDict, total=False):
    """What narrows a list: One entitlement of a person（救助待遇）"""

    kind: str | None
    state: str | None


class BenefitMonth(TypedDict, total=False):
    """One month of a benefit（待遇月度）"""

    id: str
    month: str | None
    yuanPerMonth: float | None
    state: str | None
    stateLabel: str | None


class BenefitMonthConnection(TypedDict, total=False):
    """A page of a list: One month of a benefit（待遇月度）"""

    edges: list[BenefitMonthEdge]
    nodes: list[BenefitMonth]
    pageInfo: PageInfo
    totalCount: int | None


class BenefitMonthEdge(TypedDict, total=False):
    """One item of a list: One month of a benefit（待遇月度）"""

    node: BenefitMonth
    cursor: str


class Certificate(TypedDict, total=False):
    """One certificate of a person（证书）"""

    id: str
    kind: str | None
    kindLabel: str | None
    occupation: str | None
    occupationCode: str | None
    skillLevel: str | None
    skillLevelLabel: str | None
    issuedOn: str | None
    department: str | None
    departmentLabel: str | None


class CertificateConnection(TypedDict, total=False):
    """A page of a list: One certificate of a person（证书）"""

    edges: list[CertificateEdge]
    nodes: list[Certificate]
    pageInfo: PageInfo
    totalCount: int | None


class CertificateEdge(TypedDict, total=False):
    """One item of a list: One certificate of a person（证书）"""

    node: Certificate
    cursor: str


class CertificateFilter(TypedDict, total=False):
    """What narrows a list: One certificate of a person（证书）"""

    kind: str | None


class ChangeOpeningPayload(TypedDict, total=False):
    """What changeOpening returns（办理结果）"""

    opening: Opening | None


class CloseOpeningPayload(TypedDict, total=False):
    """What closeOpening returns（办理结果）"""

    opening: Opening | None


class Conflict(TypedDict, total=False):
    """A value that lost to another source's（冲突值）"""

    id: str
    field: str | None
    value: str | None
    keptValue: str | None
    reason: str | None
    department: str | None
    departmentLabel: str | None


class ConflictConnection(TypedDict, total=False):
    """A page of a list: A value that lost to another source's（冲突值）"""

    edges: list[ConflictEdge]
    nodes: list[Conflict]
    pageInfo: PageInfo
    totalCount: int | None


class ConflictEdge(TypedDict, total=False):
    """One item of a list: A value that lost to another source's（冲突值）"""

    node: Conflict
    cursor: str


class ConflictFilter(TypedDict, total=False):
    """What narrows a list: A value that lost to another source's（冲突值）"""

    field: str | None


class Contact(TypedDict, total=False):
    """One attempt to reach a person（联系记录）"""

    id: str
    channel: str | None
    channelLabel: str | None
    result: str | None
    resultLabel: str | None
    note: str | None
    contactedAt: str | None


class ContactConnection(TypedDict, total=False):
    """A page of a list: One attempt to reach a person（联系记录）"""

    edges: list[ContactEdge]
    nodes: list[Contact]
    pageInfo: PageInfo
    totalCount: int | None


class ContactEdge(TypedDict, total=False):
    """One item of a list: One attempt to reach a person（联系记录）"""

    node: Contact
    cursor: str


class EditEmploymentPayload(TypedDict, total=False):
    """What editEmployment returns（办理结果）"""

    person: Person | None


class EditWishPayload(TypedDict, total=False):
    """What editWish returns（办理结果）"""

    person: Person | None


class Employment(TypedDict, total=False):
    """One employment of a person（就业）"""

    id: str
    form: str | None
    formLabel: str | None
    employerName: str | None
    occupation: str | None
    occupationCode: str | None
    workPlace: str | None
    exportMode: str | None
    exportModeLabel: str | None
    wageYuanPerMonth: int | None
    monthsThisYear: int | None
    startedOn: str | None
    endedOn: str | None
    department: str | None
    departmentLabel: str | None


class EmploymentConnection(TypedDict, total=False):
    """A page of a list: One employment of a person（就业）"""

    edges: list[EmploymentEdge]
    nodes: list[Employment]
    pageInfo: PageInfo
    totalCount: int | None


class EmploymentEdge(TypedDict, total=False):
    """One item of a list: One employment of a person（就业）"""

    node: Employment
    cursor: str


class EmploymentFilter(TypedDict, total=False):
    """What narrows a list: One employment of a person（就业）"""

    form: str | None


class EmploymentInput(TypedDict, total=False):
    """Employment as a station knows it（就业情况）"""

    employmentStatus: str
    employmentForm: str | None
    employerName: str | None
    occupation: str | None
    wageYuanPerMonth: int | None
    startedOn: str | None
    endedOn: str | None


class GrantConsidered(TypedDict, total=False):
    """A grant that names the entity, and why it counts or does not（授权）"""

    id: str
    effect: str
    applies: bool
    standing: str
    says: str
    rows: str
    catalogue: str
    application: str
    approval: str
    legalBasis: str
    effectiveOn: str | None
    expiresOn: str | None
    zh: str
    en: str


class Household(TypedDict, total=False):
    """A household（家庭户）"""

    id: str
    householdCode: str | None
    registeredRegionCode: str | None
    livingRegionCode: str | None
    householdKind: str | None
    householdKindLabel: str | None
    monitoredKind: str | None
    monitoredKindLabel: str | None
    relocated: bool | None
    netIncomeYuanPerYearPerCapita: float | None
    membersCount: int | None
    willingCount: int | None
    inWorkCount: int | None
    zeroEmployment: bool | None
    lowIncome: bool | None
    version: int | None
    updatedAt: str | None
    registeredRegion: Region | None
    livingRegion: Region | None
    head: Person | None
    members: PersonConnection
    benefits: BenefitConnection
    monitorings: MonitoringConnection
    conflicts: ConflictConnection


class HouseholdConnection(TypedDict, total=False):
    """A page of a list: A household（家庭户）"""

    edges: list[HouseholdEdge]
    nodes: list[Household]
    pageInfo: PageInfo
    totalCount: int | None


class HouseholdEdge(TypedDict, total=False):
    """One item of a list: A household（家庭户）"""

    node: Household
    cursor: str


class HouseholdFilter(TypedDict, total=False):
    """What narrows a list: A household（家庭户）"""

    registeredRegion: str | None
    livingRegion: str | None
    householdCode: str | None
    householdKind: str | None
    monitoredKind: str | None
    zeroEmployment: bool | None
    lowIncome: bool | None
    relocated: bool | None
    benefitKind: str | None


class IdentityAnswer(TypedDict, total=False):
    """The answer about one identity（核验答复）"""

    answer: VerificationAnswer
    reference: str


class IdentityInput(TypedDict, total=False):
    """Whom a claim is made of（被核验人）"""

    citizenNumber: str
    name: str


class Monitoring(TypedDict, total=False):
    """One monitoring of a household（防返贫监测）"""

    id: str
    kind: str | None
    kindLabel: str | None
    riskKind: str | None
    riskKindLabel: str | None
    identifiedOn: str | None
    riskEliminated: bool | None
    department: str | None
    departmentLabel: str | None


class MonitoringConnection(TypedDict, total=False):
    """A page of a list: One monitoring of a household（防返贫监测）"""

    edges: list[MonitoringEdge]
    nodes: list[Monitoring]
    pageInfo: PageInfo
    totalCount: int | None


class MonitoringEdge(TypedDict, total=False):
    """One item of a list: One monitoring of a household（防返贫监测）"""

    node: Monitoring
    cursor: str


class MonitoringFilter(TypedDict, total=False):
    """What narrows a list: One monitoring of a household（防返贫监测）"""

    kind: str | None


class Opening(TypedDict, total=False):
    """A job offered by an employer（岗位）"""

    id: str
    reference: str | None
    partnerCode: str | None
    employerName: str | None
    employerCode: str | None
    title: str | None
    occupationCode: str | None
    duties: str | None
    regionCode: str | None
    channel: str | None
    channelLabel: str | None
    wageLowYuanPerMonth: int | None
    wageHighYuanPerMonth: int | None
    wageKind: str | None
    wageKindLabel: str | None
    vacancies: int | None
    filled: int | None
    educationMin: str | None
    educationMinLabel: str | None
    ageMin: int | None
    ageMax: int | None
    skillLevelMin: str | None
    skillLevelMinLabel: str | None
    heavyLabour: bool | None
    nightShift: bool | None
    lodging: bool | None
    socialInsurance: bool | None
    termMonths: int | None
    postedOn: str | None
    closesOn: str | None
    state: str | None
    version: int | None
    updatedAt: str | None
    region: Region | None
    referrals: ReferralConnection


class OpeningConnection(TypedDict, total=False):
    """A page of a list: A job offered by an employer（岗位）"""

    edges: list[OpeningEdge]
    nodes: list[Opening]
    pageInfo: PageInfo
    totalCount: int | None


class OpeningEdge(TypedDict, total=False):
    """One item of a list: A job offered by an employer（岗位）"""

    node: Opening
    cursor: str


class OpeningFilter(TypedDict, total=False):
    """What narrows a list: A job offered by an employer（岗位）"""

    region: str | None
    state: str | None
    channel: str | None
    occupationPrefix: str | None
    titleContains: str | None
    employerContains: str | None
    wageAtLeast: int | None
    hasVacancies: bool | None
    heavyLabour: bool | None
    nightShift: bool | None
    lodging: bool | None
    socialInsurance: bool | None


class OpeningInput(TypedDict, total=False):
    """An opening as its poster enters it. Wages in yuan a month（岗位）"""

    employerName: str
    title: str
    occupationCode: str
    regionCode: str
    channel: str
    wageLowYuanPerMonth: int
    wageHighYuanPerMonth: int
    vacancies: int
    employerCode: str | None
    duties: str
    wageKind: str
    educationMin: str | None
    ageMin: int | None
    ageMax: int | None
    skillLevelMin: str | None
    skillOccupationCode: str | None
    heavyLabour: bool
    nightShift: bool
    lodging: bool
    socialInsurance: bool
    termMonths: int | None
    closesOn: str | None


class Outcome(TypedDict, total=False):
    """What came of a referral（结果）"""

    id: str
    result: str | None
    resultLabel: str | None
    reason: str | None
    reasonLabel: str | None
    wageYuanPerMonth: int | None
    startedOn: str | None
    endedOn: str | None
    monthsKept: int | None
    recordedAt: str | None


class OutcomeConnection(TypedDict, total=False):
    """A page of a list: What came of a referral（结果）"""

    edges: list[OutcomeEdge]
    nodes: list[Outcome]
    pageInfo: PageInfo
    totalCount: int | None


class OutcomeEdge(TypedDict, total=False):
    """One item of a list: What came of a referral（结果）"""

    node: Outcome
    cursor: str


class OutcomeInput(TypedDict, total=False):
    """What came of a referral（推介结果）"""

    result: str
    reason: str | None
    wageYuanPerMonth: int | None
    startedOn: str | None
    endedOn: str | None
    monthsKept: int | None


class PageInfo(TypedDict, total=False):
    """Where a page begins and ends（分页信息）"""

    hasNextPage: bool
    hasPreviousPage: bool
    startCursor: str | None
    endCursor: str | None


class Person(TypedDict, total=False):
    """A person（人员）"""

    id: str
    name: str | None
    sex: str | None
    sexLabel: str | None
    bornOn: str | None
    citizenNumber: str | None
    phone: str | None
    nationality: str | None
    nationalityLabel: str | None
    education: str | None
    educationLabel: str | None
    registeredRegionCode: str | None
    livingRegionCode: str | None
    registeredAddress: str | None
    livingAddress: str | None
    personCategory: str | None
    personCategoryLabel: str | None
    schoolState: str | None
    schoolStateLabel: str | None
    health: str | None
    healthLabel: str | None
    labourAbility: str | None
    labourAbilityLabel: str | None
    labourSkill: str | None
    labourSkillLabel: str | None
    disabilityKind: str | None
    disabilityKindLabel: str | None
    disabilityLevel: str | None
    disabilityLevelLabel: str | None
    disabilityCertificate: str | None
    bankAccount: str | None
    relation: str | None
    relationLabel: str | None
    retiresOn: str | None
    employmentStatus: str | None
    employmentStatusLabel: str | None
    employmentForm: str | None
    employmentFormLabel: str | None
    inWork: bool | None
    willing: bool | None
    skillLevel: str | None
    skillLevelLabel: str | None
    version: int | None
    updatedAt: str | None
    registeredRegion: Region | None
    livingRegion: Region | None
    household: Household | None
    wish: Wish | None
    employments: EmploymentConnection
    trainings: TrainingConnection
    certificates: CertificateConnection
    benefits: BenefitConnection
    recommendations: RecommendationConnection
    referrals: ReferralConnection
    conflicts: ConflictConnection
    provenance: ProvenanceConnection


class PersonConnection(TypedDict, total=False):
    """A page of a list: A person（人员）"""

    edges: list[PersonEdge]
    nodes: list[Person]
    pageInfo: PageInfo
    totalCount: int | None


class PersonEdge(TypedDict, total=False):
    """One item of a list: A person（人员）"""

    node: Person
    cursor: str


class PersonFilter(TypedDict, total=False):
    """What narrows a list: A person（人员）"""

    registeredRegion: str | None
    livingRegion: str | None
    name: str | None
    namePrefix: str | None
    citizenNumber: str | None
    willing: bool | None
    inWork: bool | None
    sex: str | None
    nationality: list[str] | None
    education: list[str] | None
    skillLevel: list[str] | None
    employmentStatus: str | None
    personCategory: str | None
    labourAbility: str | None
    ageMin: int | None
    ageMax: int | None
    bornBefore: str | None
    zeroEmployment: bool | None
    householdKind: str | None
    monitoredKind: str | None
    monitored: bool | None
    benefitKind: str | None
    wishScope: str | None


class PersonInput(TypedDict, total=False):
    """A person whom no file knows（新增人员）"""

    name: str
    citizenNumber: str | None
    sex: str | None
    bornOn: str | None
    phone: str | None
    nationality: str | None
    education: str | None
    registeredRegionCode: str | None
    livingRegionCode: str | None
    wishesToWork: bool | None
    wishScope: str | None
    wishOccupation: str | None
    wishWageYuanPerMonth: int | None


class Post(TypedDict, total=False):
    """A public-welfare post（公益性岗位）"""

    id: str
    reference: str | None
    name: str | None
    kind: str | None
    kindLabel: str | None
    department: str | None
    regionCode: str | None
    vacancies: int | None
    filled: int | None
    wageYuanPerMonth: int | None
    termMonths: int | None
    heavyLabour: bool | None
    startsOn: str | None
    state: str | None
    version: int | None
    updatedAt: str | None
    region: Region | None


class PostConnection(TypedDict, total=False):
    """A page of a list: A public-welfare post（公益性岗位）"""

    edges: list[PostEdge]
    nodes: list[Post]
    pageInfo: PageInfo
    totalCount: int | None


class PostEdge(TypedDict, total=False):
    """One item of a list: A public-welfare post（公益性岗位）"""

    node: Post
    cursor: str


class PostFilter(TypedDict, total=False):
    """What narrows a list: A public-welfare post（公益性岗位）"""

    region: str | None
    state: str | None
    kind: str | None
    hasVacancies: bool | None


class PostOpeningPayload(TypedDict, total=False):
    """What postOpening returns（办理结果）"""

    opening: Opening | None


class Programme(TypedDict, total=False):
    """A training programme（培训项目）"""

    id: str
    reference: str | None
    name: str | None
    organiser: str | None
    occupationCode: str | None
    mode: str | None
    modeLabel: str | None
    certificateKind: str | None
    certificateKindLabel: str | None
    skillLevel: str | None
    skillLevelLabel: str | None
    days: int | None
    seats: int | None
    taken: int | None
    startsOn: str | None
    regionCode: str | None
    allowanceYuanPerDay: int | None
    state: str | None
    version: int | None
    updatedAt: str | None
    region: Region | None


class ProgrammeConnection(TypedDict, total=False):
    """A page of a list: A training programme（培训项目）"""

    edges: list[ProgrammeEdge]
    nodes: list[Programme]
    pageInfo: PageInfo
    totalCount: int | None


class ProgrammeEdge(TypedDict, total=False):
    """One item of a list: A training programme（培训项目）"""

    node: Programme
    cursor: str


class ProgrammeFilter(TypedDict, total=False):
    """What narrows a list: A training programme（培训项目）"""

    region: str | None
    state: str | None
    occupationPrefix: str | None
    startsAfter: str | None
    certificateKind: str | None
    hasSeats: bool | None


class Provenance(TypedDict, total=False):
    """Where one value comes from（来源）"""

    id: str
    field: str | None
    department: str | None
    departmentLabel: str | None
    feed: str | None
    fileName: str | None
    line: int | None
    asOf: str | None


class ProvenanceConnection(TypedDict, total=False):
    """A page of a list: Where one value comes from（来源）"""

    edges: list[ProvenanceEdge]
    nodes: list[Provenance]
    pageInfo: PageInfo
    totalCount: int | None


class ProvenanceEdge(TypedDict, total=False):
    """One item of a list: Where one value comes from（来源）"""

    node: Provenance
    cursor: str


class ProvenanceFilter(TypedDict, total=False):
    """What narrows a list: Where one value comes from（来源）"""

    department: str | None


class Recommendation(TypedDict, total=False):
    """One line of a person's list（推荐）"""

    id: str
    runId: int | None
    kind: str | None
    rank: int | None
    score: float | None
    probability: float | None
    allocated: bool | None
    reasons: Any | None
    target: Target | None


class RecommendationConnection(TypedDict, total=False):
    """A page of a list: One line of a person's list（推荐）"""

    edges: list[RecommendationEdge]
    nodes: list[Recommendation]
    pageInfo: PageInfo
    totalCount: int | None


class RecommendationEdge(TypedDict, total=False):
    """One item of a list: One line of a person's list（推荐）"""

    node: Recommendation
    cursor: str


class RecommendationFilter(TypedDict, total=False):
    """What narrows a list: One line of a person's list（推荐）"""

    kind: str | None
    allocated: bool | None


class RecommendationsChange(TypedDict, total=False):
    """New recommendations are there（推荐结果已更新）"""

    runId: str
    regionCode: str
    finishedAt: str


class RecordContactPayload(TypedDict, total=False):
    """What recordContact returns（办理结果）"""

    referral: Referral | None


class RecordOutcomePayload(TypedDict, total=False):
    """What recordOutcome returns（办理结果）"""

    referral: Referral | None


class ReferPersonPayload(TypedDict, total=False):
    """What referPerson returns（办理结果）"""

    referral: Referral | None


class Referral(TypedDict, total=False):
    """A person put forward for a target（推介）"""

    id: str
    kind: str | None
    state: str | None
    stateLabel: str | None
    rank: int | None
    shownOn: str | None
    version: int | None
    updatedAt: str | None
    person: Person | None
    target: Target | None
    contacts: ContactConnection
    outcomes: OutcomeConnection


class ReferralConnection(TypedDict, total=False):
    """A page of a list: A person put forward for a target（推介）"""

    edges: list[ReferralEdge]
    nodes: list[Referral]
    pageInfo: PageInfo
    totalCount: int | None


class ReferralEdge(TypedDict, total=False):
    """One item of a list: A person put forward for a target（推介）"""

    node: Referral
    cursor: str


class ReferralFilter(TypedDict, total=False):
    """What narrows a list: A person put forward for a target（推介）"""

    kind: str | None
    state: list[str] | None


class Region(TypedDict, total=False):
    """A statistical division（行政区划）"""

    id: str
    regionCode: str | None
    name: str | None
    fullName: str | None
    level: str | None
    levelLabel: str | None
    longitude: float | None
    latitude: float | None
    parent: Region | None
    children: RegionConnection


class RegionConnection(TypedDict, total=False):
    """A page of a list: A statistical division（行政区划）"""

    edges: list[RegionEdge]
    nodes: list[Region]
    pageInfo: PageInfo
    totalCount: int | None


class RegionEdge(TypedDict, total=False):
    """One item of a list: A statistical division（行政区划）"""

    node: Region
    cursor: str


class RegionFilter(TypedDict, total=False):
    """What narrows a list: A statistical division（行政区划）"""

    level: str | None
    nameContains: str | None
    inside: str | None


class Training(TypedDict, total=False):
    """One training of a person（培训）"""

    id: str
    occupation: str | None
    occupationCode: str | None
    endedOn: str | None
    department: str | None
    departmentLabel: str | None


class TrainingConnection(TypedDict, total=False):
    """A page of a list: One training of a person（培训）"""

    edges: list[TrainingEdge]
    nodes: list[Training]
    pageInfo: PageInfo
    totalCount: int | None


class TrainingEdge(TypedDict, total=False):
    """One item of a list: One training of a person（培训）"""

    node: Training
    cursor: str


class Verdict(TypedDict, total=False):
    """What one rule says of one person and one opening（判定）"""

    rule: str
    label: str
    verdict: VerdictKind | None
    legalBasis: str
    detail: Any | None


class Viewer(TypedDict, total=False):
    """Who you are（当前使用者）"""

    kind: str
    name: str
    regionCode: str | None
    partnerCode: str | None
    personId: str | None
    purposes: list[str]


class Wish(TypedDict, total=False):
    """What a person wishes（就业意愿）"""

    id: str
    wishesToWork: bool | None
    scope: str | None
    scopeLabel: str | None
    occupation: str | None
    occupationCode: str | None
    wageYuanPerMonth: int | None
    cannotLeaveHome: bool | None
    cannotLeaveReason: str | None
    cannotLeaveReasonLabel: str | None
    acceptsNightShift: bool | None
    version: int | None
    updatedAt: str | None


class WishConnection(TypedDict, total=False):
    """A page of a list: What a person wishes（就业意愿）"""

    edges: list[WishEdge]
    nodes: list[Wish]
    pageInfo: PageInfo
    totalCount: int | None


class WishEdge(TypedDict, total=False):
    """One item of a list: What a person wishes（就业意愿）"""

    node: Wish
    cursor: str


class WishInput(TypedDict, total=False):
    """What a person wishes; a field left out stays as it is（就业意愿）"""

    wishesToWork: bool | None
    wishScope: str | None
    wishOccupation: str | None
    wishWageYuanPerMonth: int | None
    cannotLeaveHome: bool | None
    cannotLeaveReason: str | None
    acceptsNightShift: bool | None


Target = Opening | Programme | Post
