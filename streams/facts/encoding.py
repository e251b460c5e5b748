"""Records of values, orders and standings as bytes."""

import msgspec

from streams.facts.orders import Order
from streams.facts.standings import Standing
from streams.facts.values import Value

encode = msgspec.msgpack.Encoder().encode
decode_value = msgspec.msgpack.Decoder(Value).decode
decode_order = msgspec.msgpack.Decoder(Order).decode
decode_standing = msgspec.msgpack.Decoder(Standing).decode
