"""A webhook reaches public addresses only, however they are written."""

import socket

import pytest

from streams.delivery.addresses import RefusedAddressError, checked_url, is_public, public_socket
from streams.errors import SettingsError

PRIVATE = {
    "loopback": "127.0.0.1",
    "loopback, another": "127.8.9.10",
    "this host": "0.0.0.0",
    "private 10": "10.1.2.3",
    "private 172.16": "172.31.255.255",
    "private 192.168": "192.168.0.1",
    "link-local, metadata": "169.254.169.254",
    "carrier-grade NAT": "100.64.0.1",
    "carrier-grade NAT, Alibaba's metadata": "100.100.100.200",
    "Azure's metadata": "168.63.129.16",
    "Oracle's metadata": "192.0.0.192",
    "benchmarks": "198.18.0.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "6to4 relays": "192.88.99.1",
    "IPv6 loopback": "::1",
    "IPv6 unspecified": "::",
    "IPv6 link-local": "fe80::1",
    "IPv6 link-local with zone": "fe80::1%eth0",
    "IPv6 unique local": "fd12:3456::1",
    "AWS's metadata": "fd00:ec2::254",
    "IPv6 site-local": "fec0::1",
    "IPv6 multicast": "ff02::1",
    "IPv6 multicast, global scope": "ff0e::1",
    "IPv6 documentation": "2001:db8::1",
    "IPv6 documentation, newer": "3fff::1",
    "IPv6 discard": "100::1",
    "Teredo": "2001:0:7f00:1::",
    "IPv4-mapped loopback": "::ffff:127.0.0.1",
    "IPv4-mapped metadata": "::ffff:169.254.169.254",
    "IPv4-compatible": "::127.0.0.1",
    "NAT64 of loopback": "64:ff9b::7f00:1",
    "NAT64 of metadata": "64:ff9b::a9fe:a9fe",
    "NAT64, local": "64:ff9b:1::808:808",
    "6to4 of loopback": "2002:7f00:1::",
    "6to4 of a private network": "2002:a01:203::1",
}
PUBLIC = [
    "8.8.8.8",
    "93.184.215.14",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", PRIVATE.values(), ids=PRIVATE.keys())
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_reached(address: str) -> None:
    assert is_public(address)


def test_no_socket_is_opened_to_a_private_address() -> None:
    with pytest.raises(RefusedAddressError, match=r"10\.0\.0\.1 is not a public address"):
        public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("10.0.0.1", 443)))


def test_a_socket_is_opened_to_a_public_address() -> None:
    with public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 443))) as opened:
        assert opened.family is socket.AF_INET


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://hooks.example.com/a", "must be https"),
        ("ftp://hooks.example.com/a", "https://host/path"),
        ("hooks.example.com", "https://host/path"),
        ("https:///a", "https://host/path"),
        ("", "https://host/path"),
        ("https://hooks.example.com:port/", "cannot be read"),
        ("https://user:word@hooks.example.com/", "user or password"),
        ("https://127.0.0.1/", "not public"),
        ("https://[::1]/", "not public"),
        ("https://[::ffff:10.0.0.1]/", "not public"),
        ("https://[fe80::1%25eth0]/", "not public"),
    ],
)
def test_an_unfit_url_is_refused_with_the_reason(url: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        checked_url(url, allow_private=False, allow_hosts=())


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/alerts", "http://receiver/alerts", "https://[::1]/"])
def test_a_demo_may_use_http_and_private_addresses(url: str) -> None:
    assert str(checked_url(url, allow_private=True, allow_hosts=())) == url


def test_only_hosts_on_the_allow_list_are_reached() -> None:
    allowed = ["Hooks.example.com"]

    assert checked_url("https://HOOKS.example.com/a", allow_private=False, allow_hosts=allowed)
    with pytest.raises(SettingsError, match="not among the allowed hosts"):
        checked_url("https://hooks.example.com.evil.test/a", allow_private=False, allow_hosts=allowed)
