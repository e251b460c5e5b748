"""Sessions in signed cookies, and the tokens that say that a form came from one of our pages."""

import hashlib
import hmac
import secrets
from datetime import timedelta

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer
from msgspec import Struct

COOKIE = "sellerwatch_session"


class Session(Struct, frozen=True):
    """One browser; anonymous until somebody logs in."""

    sid: str
    name: str = ""
    stamp: str = ""
    """Of the user, see `User.stamp`."""

    @classmethod
    def new(cls, name: str = "", stamp: str = "") -> "Session":
        return cls(secrets.token_urlsafe(18), name, stamp)


class Sessions:
    """Signs and reads sessions.

    Args:
        secret: Signs them; `None`: one that nobody has, so that all end with this process.
        lifetime: Of a cookie.
    """

    def __init__(self, secret: str | None, lifetime: timedelta) -> None:
        secret = secret or secrets.token_urlsafe(32)
        self._key = hashlib.blake2b(secret.encode(), person=b"sw form token").digest()
        self._signer = URLSafeTimedSerializer(secret, salt="sellerwatch session")
        self.seconds = int(lifetime.total_seconds())

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie, which may have been ended since; `None` where it is too old or is not of ours."""
        try:
            return msgspec.convert(self._signer.loads(cookie, max_age=self.seconds), Session)
        except (BadData, msgspec.ValidationError):
            return None

    def cookie(self, session: Session, *, secure: bool) -> str:
        """The value of `Set-Cookie`; no script can read it, and no other site's link or form sends it."""
        value = self._signer.dumps(msgspec.to_builtins(session))
        kept = f"{COOKIE}={value}; Path=/; Max-Age={self.seconds}; HttpOnly; SameSite=Strict"
        return f"{kept}; Secure" if secure else kept

    def token(self, session: Session, name: str) -> str:
        """What the forms of this session carry.

        Args:
            name: Of who asks: where a proxy says it, a cookie that somebody has planted comes with others' tokens.
        """
        return hmac.new(self._key, f"{session.sid} {name}".encode(), hashlib.sha256).hexdigest()

    def fits(self, session: Session, name: str, token: str) -> bool:
        return hmac.compare_digest(self.token(session, name).encode(), token.encode())
