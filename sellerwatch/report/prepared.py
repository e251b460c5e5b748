"""What several sections of a report ask: alerts with their verdicts, active sellers, what is known of them."""

from typing import Final

from sellerwatch.report.ledger import Ledger
from sellerwatch.report.model import Period

WITHIN: Final = "time >= :start AND time < :end"
_SELLERS_OF_ORDERS: Final = """
UPDATE trade SET seller = coalesce((SELECT o.seller FROM trade o WHERE o.kind = 'order' AND o.ord = trade.ord), '')
WHERE seller = ''
"""
_JUDGED: Final = """
CREATE TABLE judged AS SELECT first, verdict, max(time) AS time FROM (
  SELECT a.first, v.name AS verdict, v.time FROM happening v JOIN alert a ON a.id = v.ref
  WHERE v.kind = 'verdict' AND v.ref <> 0
  UNION ALL
  SELECT a.first, v.name, v.time FROM happening v JOIN alert a ON a.seller = v.seller AND a.time <= v.time
  WHERE v.kind = 'verdict' AND v.ref = 0
) GROUP BY first
"""
_CASES: Final = f"""
CREATE TABLE cases AS
SELECT a.id, a.alert_id, a.seller, a.time, a.pattern, a.severity, a.policy, j.verdict, j.time AS judged_at
FROM (SELECT * FROM alert WHERE id = first AND {WITHIN}) a LEFT JOIN judged j ON j.first = a.id
"""  # noqa: S608 - no values in it
_ACTIVE: Final = f"""
CREATE TABLE active AS
SELECT seller, count(*) AS decisions, sum(type = 'order.placed') AS orders, min(time) AS first
FROM decision WHERE {WITHIN} GROUP BY seller
"""  # noqa: S608
_KNOWN: Final = """
CREATE TABLE known AS SELECT seller, name = 'confirmed' AS bad, max(time) AS time
FROM happening WHERE kind = 'verdict' AND seller <> '' GROUP BY seller
"""
_PEOPLE: Final = """
CREATE TABLE people AS SELECT seller, min(CASE WHEN registered THEN time END) AS registered FROM account GROUP BY seller
"""
_COUNTRY: Final = """
CREATE TABLE home AS SELECT seller, country, max(time) AS time FROM account WHERE country <> '' GROUP BY seller
"""
_DAILY: Final = """
CREATE TABLE daily AS
SELECT time / 86400000000 AS day, 'alert' AS what, pattern AS name, count(*) AS n FROM alert WHERE id = first
GROUP BY 1, 3
UNION ALL SELECT time / 86400000000, 'decision', type, count(*) FROM decision GROUP BY 1, 3
UNION ALL SELECT time / 86400000000, kind, name, count(*) FROM trade GROUP BY 1, 2, 3
UNION ALL SELECT time / 86400000000, 'banned', '', count(*) FROM happening WHERE kind = 'banned' GROUP BY 1
"""


def prepare(ledger: Ledger, period: Period) -> None:
    """Makes the tables that the sections ask, once everything was read.

    `judged` has the last verdict on each alert, given before or after the period's end; `cases` the alerts raised in
    the period, escalations left out; `active` the sellers with decisions in it; `known` what the last verdict on a
    seller was; `people` and `home` when it registered and where it is; `daily` counts of each day.
    """
    ledger.run("CREATE INDEX happening_of ON happening (seller, kind, time)")
    ledger.run("CREATE INDEX account_of ON account (seller)")
    ledger.run("CREATE INDEX alert_of ON alert (seller, time)")
    if list(ledger.rows("SELECT 1 FROM trade WHERE seller = '' LIMIT 1")):  # contract events may name the order alone
        ledger.run("CREATE INDEX order_of ON trade (ord) WHERE kind = 'order'")
        ledger.run(_SELLERS_OF_ORDERS)
    for statement in (_JUDGED, _KNOWN, _PEOPLE, _COUNTRY, _DAILY):
        ledger.run(statement)
    for table in ("known", "people", "home"):
        ledger.run(f"CREATE INDEX {table}_of ON {table} (seller)")
    ledger.run("CREATE INDEX judged_of ON judged (first)")
    ledger.run(_CASES, start=period.start, end=period.end)
    ledger.run(_ACTIVE, start=period.start, end=period.end)
    ledger.run("CREATE INDEX case_of ON cases (seller)")
