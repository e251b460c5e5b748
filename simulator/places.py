"""Countries, addresses, names, networks: everything that says who and where."""

from dataclasses import dataclass
from functools import lru_cache

from detectors.events import Place
from simulator.dice import Dice


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True)
class Country:
    """Where people live; `rate` turns an amount in euro into the currency's."""

    code: str
    currency: str
    rate: float
    dial: str
    network: int
    regions: tuple[str, ...]
    streets: tuple[str, ...]


GERMANY = Country("DE", "EUR", 1.0, "+49", 84, _words("Berlin Bayern Hessen Sachsen Hamburg"),
                  _words("Lindenstr. Hauptstr. Gartenweg Marktplatz Schulstr."))  # fmt: skip
FRANCE = Country("FR", "EUR", 1.0, "+33", 90, _words("Bretagne Occitanie Normandie"),
                 ("rue de la Gare", "rue Pasteur", "avenue Foch", "place du Marché"))  # fmt: skip
NETHERLANDS = Country("NL", "EUR", 1.0, "+31", 77, _words("Utrecht Gelderland Noord-Holland"),
                      _words("Dorpsstraat Kerkweg Molenlaan"))  # fmt: skip
BRITAIN = Country("GB", "GBP", 0.86, "+44", 86, _words("Kent Devon Lancashire Fife"),
                  ("High Street", "Mill Lane", "Station Road", "Church Road"))  # fmt: skip
AMERICA = Country("US", "USD", 1.1, "+1", 73, _words("OH TX OR NY GA"),
                  ("Main St", "Oak Ave", "Maple Dr", "2nd St"))  # fmt: skip
ITALY = Country("IT", "EUR", 1.0, "+39", 93, _words("Lazio Veneto Puglia"),
                ("via Roma", "via Garibaldi", "corso Italia"))  # fmt: skip
SPAIN = Country("ES", "EUR", 1.0, "+34", 88, _words("Aragón Galicia Murcia"),
                ("calle Mayor", "calle del Sol", "avenida Real"))  # fmt: skip
POLAND = Country("PL", "PLN", 4.3, "+48", 83, _words("Mazowsze Śląsk Pomorze"),
                 ("ul. Polna", "ul. Leśna", "ul. Słoneczna"))  # fmt: skip

COUNTRIES = (
    *(GERMANY,) * 5, *(FRANCE,) * 3, *(BRITAIN,) * 3, *(AMERICA,) * 3, *(NETHERLANDS,) * 2, *(POLAND,) * 2, ITALY, SPAIN
)  # fmt: skip
"""The share of each country in trade; buyer `n` lives in the one at `n` modulo its length."""

FIRST_NAMES = _words("Anna Jonas Maria Lukas Claire Hugo Emma Noah Zofia Jan Olivia Harry Giulia Marco Lucía Pablo "
                     "Sanne Daan Grace Ethan Mila Felix Ida Omar")  # fmt: skip
LAST_NAMES = _words("Keller Brandt Vogel Moreau Garnier Lefèvre Walsh Turner Hughes Carter Reed Bakker Visser "
                    "Nowak Zieliński Conti Ferrari Ortega Navarro Lang Winter Holm")  # fmt: skip
SHOP_WORDS = _words("Nordwind Kiezel Atelier Corner Harbour Lumen Papaya Feder Bottega Maple Orchard Kranich Willow "
                    "Fable Tandem Comet Linden Pebble Marlin Juniper")  # fmt: skip
SHOP_ENDS = _words("Goods Store Supply Trading Market Finds House Depot Shop Co")
MAIL_HOSTS = _words("mailbox.example post.example inbox.example letters.example")


def place(dice: Dice, country: Country) -> Place:
    """A made-up address."""
    line = f"{dice.pick(country.streets)} {dice.whole(1, 160)}"
    return Place(country.code, dice.pick(country.regions), f"{dice.whole(10_000, 99_999)}", line)


def network_address(dice: Dice, country: Country) -> str:
    """An IP address at home: IPv4, or IPv6 from the range kept for documentation."""
    if dice.chance(0.12):
        return f"2001:db8:{country.network:x}{dice.bits(8):02x}:{dice.bits(4):x}::{dice.bits(16):x}"
    return f"{country.network}.{dice.whole(1, 250)}.{dice.whole(1, 250)}.{dice.whole(2, 250)}"


def neighbour(ip: str, dice: Dice) -> str:
    """Another address in the same /24 or /48."""
    if ":" in ip:
        return f"{ip.rpartition(':')[0]}:{dice.bits(16):x}"
    return f"{ip.rpartition('.')[0]}.{dice.whole(2, 250)}"


def carrier_address(seed: int, country: Country, pool: int, dice: Dice) -> str:
    """A carrier's address translation: one IP address for very many people."""
    return _carrier(seed, country.network, dice.whole(1, pool))


@lru_cache(maxsize=4096)
def _carrier(seed: int, network: int, number: int) -> str:
    dice = Dice(seed, "carrier", network, number)
    return f"{network}.251.{dice.whole(0, 250)}.{dice.whole(1, 250)}"
