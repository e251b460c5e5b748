"""Words that say little in a name, or say the same as others: legal forms, titles, nicknames, numbers.

Spellings are as `parts.words_of` leaves them: transliterated, lower case, without marks and points.
"""

from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LIMITED: Final = (
    "ltd|limited|llc|lc|l l c|limited liability company|limited company|private limited|pvt ltd|pvt|pte ltd|pte|"
    "pty ltd|pty|co ltd|coltd|company limited|private limited company|sdn bhd|sdn|bhd|gmbh|mbh|ggmbh|ug|"
    "gesellschaft mit beschrankter haftung|gmbh and co kg|bv|besloten vennootschap|bvba|srl|s r l|sarl|s a r l|sas|"
    "societe a responsabilite limitee|societa a responsabilita limitata|societatea cu raspundere limitata|"
    "sociedad de responsabilidad limitada|sociedad limitada|sl|slu|s de rl|s de rl de cv|lda|ltda|limitada|"
    "sp zoo|sp z oo|sp z o o|spolka z oo|spolka z ograniczona odpowiedzialnoscia|sro|s r o|spol s r o|doo|d o o|ood|"
    "eood|kft|oy|ab|aps|as|hf|ehf|ou|uab|sia|ooo|obschestvo s ogranichennoi otvetstvennostyu|"
    "obshchestvo s ogranichennoy otvetstvennostyu|obschestvo s ogranichennoy otvetstvennostyu|odo|too|tov|tzov|"
    "tovarystvo z obmezhenoyu vidpovidalnistyu|"
    "youxian gongsi|yuhan hoesa|yugen kaisha|wll|llp|fze|fzc|fz llc|fzco|epe|ltd sti|limited sirketi"
)
_STOCK: Final = (
    "plc|public limited company|ag|akg|aktiengesellschaft|sa|societe anonyme|sociedad anonima|sociedade anonima|"
    "societa per azioni|spa|s p a|nv|naamloze vennootschap|asa|oyj|aktiebolag|aktieselskab|se|sa de cv|s a de c v|"
    "sociedad anonima de capital variable|sab de cv|jsc|ojsc|cjsc|pjsc|jsco|pao|oao|zao|ao|aozt|"
    "joint stock company|open joint stock company|closed joint stock company|public joint stock company|"
    "joint stock co|otkrytoe aktsionernoe obschestvo|otkrytoe aktsionernoe obshchestvo|aktsionernoe obschestvo|"
    "aktsionernoe obshchestvo|publichnoe aktsionernoe obshchestvo|zakrytoe aktsionernoe obshchestvo|"
    "privatne aktsionerne tovarystvo|prat|kk|kabushiki kaisha|tbk|pt|perseroan terbatas|as sirketi|"
    "anonim sirketi|ad|ead|dd|nyrt|zrt|rt|sca|sicav|kgaa|saog|saoc|psc|pjs"
)
_ANY: Final = (
    "inc|incorporated|corp|corporation|co|company|companies|cie|kompaniya|kompania|compagnie|compania|companhia|"
    "lp|limited partnership|kg|ohg|gbr|partnership|na|establishment|est|enterprise|enterprises|firm|"
    "gongsi|jituan|hoesa"
)
LEGAL_FORMS: Final[dict[tuple[str, ...], str]] = {
    tuple(form.split()): kind
    for kind, forms in (("limited", _LIMITED), ("stock", _STOCK), ("any", _ANY))
    for form in forms.split("|")
}
"""Words of a legal form -> its kind. `limited` and `stock` contradict each other; `any` goes with both."""
LEGAL_FORMS.update({("ano",): "nonprofit", ("ev",): "nonprofit", ("avtonomnaya", "nekommercheskaya"): "nonprofit"})

LONGEST_FORM: Final = max(map(len, LEGAL_FORMS))
FORM_STARTS: Final = frozenset(form[0] for form in LEGAL_FORMS)
SHORT_FORMS: Final = _set(
    "as ad se pt na co sa kg ab hf ag dd rt ao oy ou sl sia ug est spa nv lc lp too tov kk sca firm"
)
FORMS_IN_FRONT: Final = _set("pt ao sa ad too tov sia")
"""Forms that are also parts of people's names: they count where something else says organisation, or at an end."""

TITLES: Final = _set(
    """
    mr mrs ms miss mister mme mlle monsieur madame herr frau senor senora sr sra dr doctor prof professor sir
    dame lord lady hon honorable president prezident prasident presidente chairman minister ambassador general
    gen colonel col major maj captain capt cpt lieutenant lt sergeant sgt admiral adm commander brigadier
    marshal sheikh shaikh shaykh sheik cheikh mullah mulla mawlawi maulvi maulana moulavi haji hajji hadji hajj
    ustad ustaz qari alhaji ayatollah imam sayyid sayyed sayed seyed prince princess king queen emir amir sultan
    chief reverend rev father pastor bishop eng engineer ing dipl mag esq jr jnr snr phd md gospodin pan pani
    don dona
    """
)
"""Left out where at least two other words stay."""

NAMES_TOO: Final = _set(
    """
    sheikh shaikh shaykh sheik cheikh mullah mulla haji hajji hadji hajj ustad ustaz qari imam sayyid sayyed sayed
    seyed prince princess king queen emir amir sultan chief bishop pastor father pan pani don dona mag ing eng lord
    major marshal general
    """
)
"""Titles that are also names: never left out where one word would stay."""

PARTICLES: Final = _set(
    """
    al el ul ad ar as an at az ash bin ben ibn bint binti ould wuld abu abou abi umm a de da do dos das del
    della di du la le les lo van von vom zu zur den der des ter ten te y e i of the and und et for in on to af
    av na san st mac mc o d l bi
    """
)
"""Words between names; they weigh little, present or missing."""

COMMON: Final = _set(
    """
    muhammad ahmad ali hasan husain abdul abdallah ibrahim yusuf umar khan singh kumar kim li lee wang chang
    zhang chen liu park pak ri ivan ivanov ivanovich aleksandr alexander sergey sergei vladimir vladimirovich
    john james robert michael david william mary maria jose juan carlos luis jean pierre ana anna peter paul
    mahmud said salim salah khalid hamid karim rahman shah mir gul haji smith jones brown garcia rodriguez
    gonzalez nguyen tran mehmet mustafa
    """
)
"""Frequent in people's names all over the world; sharing one says less."""

GENERIC: Final = _set(
    """
    international group holding holdings trading trade industries industry industrial bank banking services
    service solutions technology technologies global general national corporation center centre organization
    organisation federation union state government ministry department office bureau agency committee council
    institute university school management investment investments capital finance financial development
    engineering construction energy oil gas petroleum petrochemical chemical shipping marine maritime lines
    airlines air aviation transport logistics export import exports imports products systems electronics
    electric motors motor partners consulting insurance securities mining steel metals metal machinery equipment
    factory works plant zavod partner brothers sons party front army brigade movement islamic liberation people
    peoples republic royal first new business manufacturing refinery wholesale health hospital medical pharma
    pharmaceutical pharmaceuticals foods food tourism travel hotel hotels club media press news television
    telecom communications network networks security defence defense aerospace missiles foundation trust fund
    association stiftung societe empresa banco banque grupo gruppe groupe gruppa bolnitsa fabrika torgovy dom
    kombinat institut universitet ministerstvo soyuz
    """
)
"""Words that many organisations have in their names; they also tell that it is one."""

_NICKNAMES: Final = """
    william bill billy will willy; robert bob bobby rob; richard rick dick ricky; james jim jimmy jamie; john
    jack johnny juan; theodore ted teddy theo; edward ed eddie ted; benjamin ben bibi benny; charles charlie
    chuck carlos; joseph joe jose josef; thomas tom tommy; anthony tony antonio; michael mike mick
    mikhail miguel; daniel dan danny; david dave; andrew andy andrei andrey; alexander alex aleksandr sasha
    alejandro; nicholas nick nicolas nikolai; christopher chris; matthew matt; steven steve stephen; gregory
    greg; kenneth ken kenny; ronald ron; donald don; samuel sam sammy; patrick pat; peter pete pedro petr pyotr;
    paul pablo pavel; elizabeth liz beth betty eliza; katherine kate kathy cathy catherine; margaret maggie
    peggy; susan sue; patricia patty; jennifer jenny; rebecca becky; vladimir vova volodymyr; dmitri dima
    dmitry; evgeny zhenya yevgeny; ivan vanya; maria masha mary; francisco paco francis; jesus chuy; guadalupe
    lupe; ignacio nacho; muhammad mehmet; lawrence larry; frederick fred freddy; leonard leo; gerald gerry
    jerry; eugene gene; henry harry hank enrique heinrich
    """
NICKNAMES: Final = tuple(_set(group) for group in _NICKNAMES.split(";"))

SAME: Final[dict[str, str]] = {
    variant: canonical
    for canonical, variants in {
        "muhammad": "mohammed mohamed mohammad mohamad muhammed muhamad mouhamed muhamed mohd md mhmd maxamed",
        "ahmad": "ahmed ahmet achmed axmed",
        "abdul": "abdel abdal abdoul abd abdol",
        "husain": "hussein hussain husayn husein hossein hussayn hosein",
        "hasan": "hassan hassane xasan",
        "yusuf": "youssef yousef yousuf yousif yusif youssouf yusef",
        "umar": "omar omer umer",
        "usama": "osama oussama",
        "abdallah": "abdullah abdulla abdullahi abdulahi cabdullahi cabdullaahi",
        "bin": "ben ibn",
        "abu": "abou",
        "ould": "wuld",
        "international": "intl int'l internacional internationale",
        "national": "natl nacional nationale",
        "department": "dept",
        "government": "govt gov",
        "organization": "organisation org",
        "brothers": "bros",
        "manufacturing": "mfg",
        "university": "univ",
        "association": "assn assoc",
        "institute": "inst",
        "center": "centre",
        "defense": "defence",
        "and": "und et",
        "group": "gruppe groupe grupo gruppa grp",
        "bank": "banco banque banka",
        "republic": "rep",
    }.items()
    for variant in variants.split()
}
PHRASES: Final[dict[tuple[str, ...], str]] = {
    ("united", "states"): "us",
    ("united", "states", "of", "america"): "us",
    ("usa",): "us",
    ("united", "kingdom"): "uk",
    ("great", "britain"): "uk",
    ("united", "arab", "emirates"): "uae",
}
PHRASE_STARTS: Final = frozenset(phrase[0] for phrase in PHRASES)

_UNITS: Final = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    """
_ORDINALS: Final = """
    zeroth first second third fourth fifth sixth seventh eighth ninth tenth
    """
_TENS: Final = """
    twenty thirty forty fifty
    sixty seventy eighty ninety
    """
TENS: Final = {word: 10 * number for number, word in enumerate(_TENS.split(), start=2)}
NUMBERS: Final[dict[str, int]] = {
    **{word: number for number, word in enumerate(_UNITS.split())},
    **{word: number for number, word in enumerate(_ORDINALS.split())},
    **TENS,
    "1st": 1, "2nd": 2, "3rd": 3,
    "ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "xi": 11, "xii": 12, "xiii": 13, "xiv": 14,
}  # fmt: skip
ROMAN: Final = frozenset(("ii", "iii", "iv", "vi", "vii", "viii", "ix", "xii", "xiii", "xiv"))
