"""What is sold: categories with their prices, and listings with their titles."""

from dataclasses import dataclass
from functools import cached_property

from detectors.events import Item
from simulator.dice import Dice


@dataclass(frozen=True)
class Category:
    """Prices are log-normal: half cost less than `median` euro, `sigma` says how far they spread."""

    name: str
    median: float
    sigma: float
    grams: int
    nouns: tuple[str, ...]
    """Some hold a word that means something else in other company."""


CATEGORIES = (
    Category("home", 24, 0.7, 900, ("cushion cover", "table lamp", "wall clock", "storage basket", "throw blanket",
                                  "speed drill")),
    Category("fashion", 29, 0.6, 450, ("cotton shirt", "wool scarf", "canvas belt", "rain jacket", "linen dress",
                                     "hash tag cap")),
    Category("electronics", 89, 0.9, 700, ("bluetooth speaker", "phone", "tablet", "headphones", "camera")),
    Category("books", 13, 0.5, 400, ("cookbook", "novel", "travel guide", "picture book", "exercise book",
                                   "book on the history of opium")),
    Category("toys", 22, 0.6, 600, ("wooden train", "puzzle", "plush bear", "building set", "board game")),
    Category("beauty", 17, 0.5, 180, ("bath salts", "hand cream", "soap bar", "face mask", "hair oil")),
    Category("garden", 27, 0.7, 1500, ("herb seeds", "plant pot", "pruning shears", "fertiliser", "bird house",
                                     "weed killer")),
    Category("sports", 36, 0.7, 800, ("yoga mat", "water bottle", "resistance band", "cycling gloves", "rope")),
    Category("collectibles", 19, 1.0, 60, ("trading card", "postage stamp", "vintage coin", "enamel pin", "sticker")),
    Category("food", 14, 0.5, 500, ("herbal tea", "coffee beans", "spice mix", "honey", "dried mushrooms")),
    Category("crafts", 16, 0.6, 250, ("candle", "glass beads", "craft paper", "wax melts", "resin pigment")),
    Category("health", 21, 0.5, 220, ("vitamin capsules", "massage balm", "protein powder", "heat pad", "tea blend",
                                    "folic acid")),
    Category("office", 31, 0.8, 1200, ("printer paper", "label rolls", "desk organiser", "gel pens", "notebook")),
)  # fmt: skip
BY_NAME = {category.name: category for category in CATEGORIES}
SMALL_GOODS = tuple(BY_NAME[name] for name in ("crafts", "beauty", "collectibles", "food", "garden", "health"))
TRADE_GOODS = tuple(BY_NAME[name] for name in ("office", "food", "home", "garden"))

STYLES = ("Classic", "Premium", "Handmade", "Organic", "Vintage", "Compact", "Natural", "Nordic", "Everyday")
DETAILS = ("gift box", "set of 3", "small pack", "large", "blue", "new in box", "limited", "refill", "green")


@dataclass(frozen=True)
class Listing:
    listing_id: str
    title: str
    category: Category
    amount_minor: int

    @cached_property
    def one(self) -> Item:
        """What most baskets hold of it."""
        return self.item(1)

    def item(self, quantity: int, amount_minor: int | None = None) -> Item:
        price = self.amount_minor if amount_minor is None else amount_minor
        return Item(quantity, price, self.listing_id, self.title, self.category.name)


def title(dice: Dice, category: Category) -> str:
    return f"{dice.pick(STYLES)} {dice.pick(category.nouns)}, {dice.pick(DETAILS)}"


def price(dice: Dice, category: Category, rate: float, *, scale: float = 1.0) -> int:
    """A price such as shops write it: mostly 99 or 50 or 00 at the end."""
    exact = max(100, int(100 * rate * scale * dice.lognormal(category.median, category.sigma)))
    ending = dice.pick((99, 99, 99, 95, 50, 0, exact % 100))
    return exact - exact % 100 + ending
