"""Sessions in signed cookies, and the tokens that say that a form came from one of our pages."""

import hashlib
import hmac
import secrets
import time
from datetime import timedelta

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer
from msgspec import Struct

COOKIE = "sellerwatch_session"
_MOST_ENDED = 10_000


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
        self._ended: dict[str, float] = {}

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie; `None` where it is too old, was ended, or is not of ours."""
        try:
            session = msgspec.convert(self._signer.loads(cookie, max_age=self.seconds), Session)
        except (BadData, msgspec.ValidationError):
            return None
        return None if self.has_ended(session) else session

    def has_ended(self, session: Session) -> bool:
        """Whether somebody has logged out of it."""
        return session.sid in self._ended

    def cookie(self, session: Session, *, secure: bool) -> str:
        """The value of `Set-Cookie`; no script can read it, and no other site's link or form sends it."""
        value = self._signer.dumps(msgspec.to_builtins(session))
        kept = f"{COOKIE}={value}; Path=/; Max-Age={self.seconds}; HttpOnly; SameSite=Strict"
        return f"{kept}; Secure" if secure else kept

    def end(self, session: Session) -> None:
        """Logs out: a copy of the cookie is worth nothing either. Of who is nobody, nothing is remembered."""
        if not session.name:
            return
        now = time.monotonic()
        if len(self._ended) >= _MOST_ENDED:
            self._ended = {sid: at for sid, at in self._ended.items() if now - at < self.seconds}
        self._ended[session.sid] = now

    def token(self, session: Session) -> str:
        """What the forms of this session carry."""
        return hmac.new(self._key, f"{session.sid} {session.name}".encode(), hashlib.sha256).hexdigest()

    def fits(self, session: Session, token: str) -> bool:
        return hmac.compare_digest(self.token(session).encode(), token.encode())
