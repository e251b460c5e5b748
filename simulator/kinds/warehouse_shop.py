"""A shop that ships from, and gives as its address, a warehouse that hundreds share."""

from dataclasses import replace

from simulator.dice import Dice
from simulator.kinds.shop import Shop
from simulator.places import COUNTRIES, network_address, place

MEMBERS = 500
"""Sellers behind one warehouse, where the marketplace is large enough."""


class WarehouseShop(Shop):
    """Linked to hundreds by its address, and to nobody in truth."""

    kind = "warehouse_shop"

    def set_up(self) -> None:
        super().set_up()
        house = Dice(self.world.seed, "warehouse", self.role.group)
        country = house.pick(COUNTRIES)
        self.account = replace(self.account, address=place(house, country))
        if self.dice.chance(0.25):  # opened its account at the warehouse's desk
            self.account = replace(self.account, ip=network_address(house, country))
