"""Clients that send as slowly as they can, on a real socket: none of them holds a connection for long."""

import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from console.serving import bind, served
from tests.console.pages import made_app, settings_of
from tests.waiting import wait_until

BRIEF = 1.0
LONG_ENOUGH = 30.0
HEAD = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A console on a port of its own, with little patience."""
    monkeypatch.setattr("console.serving.HEADER_SECONDS", BRIEF)
    monkeypatch.setattr("console.security.BODY_SECONDS", BRIEF)
    settings = settings_of(tmp_path, console_open=True, console_port=0)
    with bind(settings) as listening:
        server = uvicorn.Server(served(made_app(settings, alerts=1)))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            wait_until(lambda: server.started, LONG_ENOUGH)
            yield listening.getsockname()
        finally:
            server.should_exit = True
            thread.join(LONG_ENOUGH)


def trickled(place: tuple[str, int], first: bytes, piece: bytes) -> bytes:
    """What comes back until the other side closes, while one piece after the other is sent."""
    heard, ended = b"", threading.Event()

    def trickle(connection: socket.socket) -> None:
        try:
            while not ended.wait(BRIEF / 10):
                connection.sendall(piece)
        except OSError:
            return

    with socket.create_connection(place, timeout=LONG_ENOUGH) as connection:
        connection.sendall(first)
        sending = threading.Thread(target=trickle, args=(connection,))
        sending.start()
        try:
            while some := connection.recv(65_536):
                heard += some
        except ConnectionResetError:
            pass
        finally:
            ended.set()
            sending.join()
    return heard


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (HEAD + b"Content-Length: 5000\r\n\r\n", b"a"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    ],
    ids=["of a length", "in chunks"],
)
def test_a_body_that_trickles_in_is_answered_and_the_connection_closed(
    place: tuple[str, int], first: bytes, piece: bytes
) -> None:
    head, _, page = trickled(place, first, piece).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert b"\r\nconnection: close" in head.lower()
    assert b"the rest of the request did not come" in page


def test_a_head_that_trickles_in_is_answered_too_also_on_a_connection_that_was_used(place: tuple[str, int]) -> None:
    slow = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
    assert trickled(place, slow, b"a").startswith(b"HTTP/1.1 408")
    used = trickled(place, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + slow, b"a")
    assert used.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in used


def test_a_request_in_two_halves_is_answered_and_the_next_one_on_the_same_connection(place: tuple[str, int]) -> None:
    with socket.create_connection(place, timeout=LONG_ENOUGH) as connection:
        for _ in range(2):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
            time.sleep(BRIEF / 8)
            connection.sendall(b"alhost\r\n\r\n")
            heard = b""
            while b"alive\n" not in heard:
                some = connection.recv(65_536)
                assert some, heard
                heard += some
            assert heard.startswith(b"HTTP/1.1 200")


def test_others_are_served_meanwhile(place: tuple[str, int]) -> None:
    with socket.create_connection(place) as slow:
        slow.sendall(HEAD + b"Content-Length: 5000\r\n\r\n")
        with urllib.request.urlopen(f"http://127.0.0.1:{place[1]}/healthz", timeout=LONG_ENOUGH) as answer:
            assert answer.read() == b"alive\n"
