"""One article at one price, sold all day long to ever new people."""

from simulator.kinds.shop import Shop


class FixedPrice(Shop):
    """Near-equal amounts in great number, but hardly anybody buys twice."""

    kind = "fixed_price"
    returning = 0.02
    buyers_at_home = 0.4

    def set_up(self) -> None:
        self.rate = self.dice.pareto(25.0, 1.6, 110.0)
        first = self.stock(1, scale=0.6)[0]
        variants = self.stock(self.dice.whole(1, 5), (first.category,), price_minor=first.amount_minor)
        self.listings = [first, *variants]
        self.live()
