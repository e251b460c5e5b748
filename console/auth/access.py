"""Who a request comes from: a user who has logged in, somebody a proxy vouches for, or anybody on this machine."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from starlette.requests import HTTPConnection

from console.auth.roles import Person, Role, highest
from console.auth.sessions import Session
from console.auth.users import Users
from streams.errors import SettingsError
from streams.settings import Settings

HOW = (
    "set SELLERWATCH_CONSOLE_USERS to a file and add somebody by `sellerwatch console users add NAME --role admin`, "
    "or name the header of an OIDC proxy in SELLERWATCH_CONSOLE_PROXY_USER"
)


class Proxies:
    """The proxies in front of us, whose headers are believed."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ip_network(each) for each in networks]

    def holds(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:  # a Unix socket, a test client
            return False
        return any(parsed in network for network in self._networks)

    def sent(self, connection: HTTPConnection) -> bool:
        """Whether this request was passed on by one of them."""
        return self.holds(connection.client.host if connection.client else "")

    def client(self, connection: HTTPConnection) -> str:
        """The address that a request comes from: what the nearest of our proxies saw."""
        peer = connection.client.host if connection.client else ""
        if not self.holds(peer):
            return peer
        said = ",".join(connection.headers.getlist("x-forwarded-for"))  # some proxies add a line of their own
        passed = [part.strip() for part in said.split(",") if part.strip()]
        return next((address for address in reversed(passed) if not self.holds(address)), peer)

    def secure(self, connection: HTTPConnection) -> bool:
        """Whether the browser speaks TLS."""
        forwarded = connection.headers.get("x-forwarded-proto") if self.sent(connection) else None
        return (forwarded or connection.url.scheme) == "https"


class Access:
    """Knows who is who; raises SettingsError where the settings would let strangers in."""

    def __init__(self, settings: Settings) -> None:
        self.proxies = Proxies(settings.console_proxies)
        self.users = Users(settings.console_users) if settings.console_users else None
        self._user_header, self._role_header = settings.console_proxy_user, settings.console_proxy_roles
        self._open = settings.console_open and not self.logs_in and not self._user_header
        if self._open and not is_loopback(settings.console_host):
            raise SettingsError(f"console_open lets everybody in, and {settings.console_host} is not loopback: {HOW}")
        if not (self._open or self.logs_in or self._user_header):
            raise SettingsError(f"nobody could log in: {HOW}; on this machine alone, SELLERWATCH_CONSOLE_OPEN=true")

    @property
    def logs_in(self) -> bool:
        """Whether people log in on our own page."""
        return self.users is not None and bool(self.users.all()) and self._user_header is None

    def person(self, connection: HTTPConnection, session: Session) -> Person | None:
        """Who asks; `None`: nobody we know."""
        if self._user_header is not None:
            return self._vouched_for(connection)
        if self._open:  # whom a proxy passes on is not on this machine
            return None if _passed_on(connection) else Person("local", Role.ADMIN)
        user = self.users.all().get(session.name) if self.users and session.name else None
        return user.person if user is not None and user.stamp == session.stamp else None

    def _vouched_for(self, connection: HTTPConnection) -> Person | None:
        if not self.proxies.sent(connection):
            return None
        names = connection.headers.getlist(self._user_header or "")
        name = names[0].strip()[:64] if len(names) == 1 else ""  # of two, one may be the visitor's own
        role = highest(",".join(connection.headers.getlist(self._role_header)))
        return Person(name, role) if name and role else None


def _passed_on(connection: HTTPConnection) -> bool:
    return any(name in connection.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to bind to."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
