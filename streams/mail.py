"""What kind of mailbox an address is: all that is kept of it beside its hash."""

from typing import Final, Literal

from disposable_email_domains import blocklist

MailKind = Literal["throwaway", "free", "own"]
_FREE: Final = """
gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com aol.com icloud.com me.com mac.com
proton.me protonmail.com pm.me tutanota.com tuta.com zoho.com gmx.com gmx.de gmx.net web.de t-online.de freenet.de
mail.com mail.ru yandex.ru yandex.com bk.ru inbox.ru list.ru rambler.ru orange.fr free.fr laposte.net libero.it
virgilio.it wp.pl o2.pl onet.pl interia.pl seznam.cz uol.com.br bol.com.br terra.com.br qq.com 163.com 126.com
sina.com naver.com daum.net hanmail.net rediffmail.com
"""
FREE: Final = frozenset(_FREE.split())
"""Where anybody gets a mailbox, and keeps it."""


def mail_kind(address: str) -> MailKind:
    """A mailbox for minutes, a free one, or one of another domain; of a subdomain, its domain decides."""
    domain = address.rpartition("@")[2].strip().casefold().rstrip(".")
    while "." in domain:
        if domain in blocklist:
            return "throwaway"
        if domain in FREE:
            return "free"
        domain = domain.partition(".")[2]
    return "own"
