"""Which addresses a webhook may reach: public ones, so that no URL opens a door into the network."""

import contextlib
import ipaddress
import socket
from collections.abc import Collection

from aiohttp import AddrInfoType
from yarl import URL

from streams.errors import SellerwatchError, SettingsError

_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's metadata service, on a public address
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata service
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # protocol assignments: Teredo embeds an IPv4 address
        "3fff::/20",  # documentation; older Pythons call it global
    )
)
_UNICAST_V6 = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RefusedAddressError(SellerwatchError):
    """The host's address is not public: nothing was sent; it is tried again, for names can change."""


def checked_url(text: str, allow_private: bool, allow_hosts: Collection[str]) -> URL:
    """The webhook's URL, if it may be used.

    Raises:
        SettingsError: It may not; the message says why.
    """
    try:
        url = URL(text)
        host = url.host or ""
    except ValueError:  # what it says may quote a part of the URL
        raise SettingsError("the webhook's URL cannot be read; it must be of the form https://host/path") from None
    if url.scheme not in ("https", "http") or not host:
        raise SettingsError("the webhook's URL must be of the form https://host/path")
    if url.scheme == "http" and not allow_private:
        raise SettingsError("the webhook's URL must be https; http only with allow_private, for demos")
    if url.user is not None or url.password is not None:
        raise SettingsError("the webhook's URL must not hold a user or password: alerts are signed instead")
    if allow_hosts and host not in {allowed.lower() for allowed in allow_hosts}:
        raise SettingsError(f"the webhook's host {host!r} is not among the allowed hosts")
    with contextlib.suppress(ValueError):  # a name; its address is checked when it is connected to
        if not allow_private and not is_public(host):
            raise SettingsError(f"the webhook's address {host} is not public")
    return url


def is_public(address: str) -> bool:
    """Whether `address` lies in the public internet; an IPv4 address inside an IPv6 one is judged itself."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _embedded(ip)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _UNICAST_V6:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _REFUSED)


def public_socket(target: AddrInfoType) -> socket.socket:
    """Opens the socket of a connection, or refuses: aiohttp calls it with the address it connects to.

    There is no gap between check and use: a name is looked up once, before this, and an address that
    stands in the URL itself passes here too.

    Raises:
        RefusedAddressError: The address is not public.
    """
    family, kind, protocol, _, sockaddr = target
    if not is_public(str(sockaddr[0])):
        raise RefusedAddressError(f"{sockaddr[0]} is not a public address")
    return socket.socket(family, kind, protocol)


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour
