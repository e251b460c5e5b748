"""Every knob an operator can turn."""

import os
import re
import tomllib
from contextvars import ContextVar
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from streams.errors import SettingsError
from streams.found import LONGEST_WAIT_SECONDS
from streams.privacy import HashKey, exchange_key

CONFIG_VARIABLE = "SELLERWATCH_CONFIG"
OTHER_VARIABLES = ("SELLERWATCH_CONFIG", "SELLERWATCH_REQUIRE_SERVICES", "SELLERWATCH_DATA")
RECEIVER_VARIABLES = "SELLERWATCH_RECEIVER_"
"""Variables that are not settings, and how the names of others of them begin."""
LONGEST_WAIT = timedelta(seconds=LONGEST_WAIT_SECONDS)
LONGEST_SESSION = timedelta(days=7)
_config_file: ContextVar[Path | None] = ContextVar("config_file", default=None)


def _seconds(value: Any) -> Any:
    """A plain number is a number of seconds."""
    return float(value) if isinstance(value, str) and value.replace(".", "", 1).isdigit() else value


Duration = Annotated[timedelta, BeforeValidator(_seconds)]
"""Seconds, or ISO 8601 such as `PT1H`."""
Words = Annotated[list[str], NoDecode]
Paths = Annotated[list[Path], NoDecode]
Secrets = Annotated[list[SecretStr], NoDecode]


class Settings(BaseSettings):
    """Settings from `SELLERWATCH_*` environment variables, or a TOML file with the same names.

    The environment wins over the file. A secret may also be given as a file: `SELLERWATCH_X_FILE`.
    """

    model_config = SettingsConfigDict(
        env_prefix="SELLERWATCH_", frozen=True, extra="forbid", use_attribute_docstrings=True, env_ignore_empty=True
    )

    kafka_brokers: Words = ["127.0.0.1:9092"]
    """Kafka brokers, `host:port`, separated by commas."""

    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How to talk to the brokers."""

    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """SASL mechanism, where `kafka_security` asks for one."""

    kafka_username: str | None = None
    """SASL user."""

    kafka_password: SecretStr | None = None
    """SASL password."""

    kafka_ca_file: Path | None = None
    """Certificate authorities that the brokers' certificates are checked against; default: the system's."""

    kafka_api_version: Annotated[str, Field(pattern=r"^\d+(\.\d+){1,2}$")] | None = None
    """Kafka protocol version for administration; set only for brokers that cannot negotiate it (`0.11`)."""

    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    """Redis that holds profiles, watermarks and the outbox: `redis://` or `rediss://`; a node of a Redis Cluster:
    `redis+cluster://` or `rediss+cluster://`."""

    namespace: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")] = "sw"
    """Prefix of all Redis keys and consumer groups."""

    hash_keys: Secrets = []
    """`id:secret`, separated by commas: keys of the hashes that replace personal values. The first is in
    force, the others are still looked up: that is how a key is rotated. A secret has at least 16 characters."""

    exchange_keys: Secrets = []
    """`id:secret`, separated by commas: keys shared with other marketplaces, each with its partners, by which
    indicators are exchanged (`sellerwatch intel export`, `sellerwatch intel import`). A secret has at least 32
    characters."""

    model_keys: Secrets = []
    """Secrets that sign model snapshots; the first signs, all verify. At least 16 characters each."""

    webhook_url: str | None = None
    """Where alerts go. Without one they stay in the outbox."""

    webhook_secrets: Secrets = []
    """One or two `whsec_...` secrets; with two, every delivery carries both signatures."""

    webhook_allow_private: bool = False
    """Allow http and addresses of private networks. For demonstrations and internal receivers."""

    webhook_allow_hosts: Words = []
    """When set, only these hosts are delivered to."""

    screening_lists: Paths = []
    """Lists that the names of sellers are compared with when they register or change: OFAC's tables, exports of
    OpenSanctions, lists of your own; files, separated by commas, read when intake starts."""

    alert_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.7
    """A seller whose score reaches this is alerted."""

    quiet_period: Annotated[Duration, Field(ge=timedelta(0))] = timedelta(hours=1)
    """After an alert was sent, its pattern stays silent about the seller for this long, even where it escalates."""

    lexicons: Words = ["sample"]
    """Word lists that listings are searched for: CSV files, and `sample` for the one that comes with Sellerwatch.
    `sellerwatch words check FILE` says what is wrong with one."""

    wait_for_order: Annotated[Duration, Field(ge=timedelta(0), le=LONGEST_WAIT)] = timedelta(minutes=10)
    """How long a payment or shipment waits for the order that tells its seller; a day at most."""

    entity_lifetime: Annotated[Duration, Field(ge=timedelta(minutes=1))] = timedelta(days=180)
    """How long a device, an address, a buyer, ... is remembered after it was last seen."""

    publish_interval: Annotated[Duration, Field(ge=timedelta(seconds=1))] = timedelta(hours=1)
    """How often learn publishes new models, when there is something new."""

    cached_profiles: Annotated[int, Field(ge=1_000)] = 100_000
    """Profiles that a watch process holds in memory (about 3 KiB each)."""

    outbox_limit: Annotated[int, Field(ge=100)] = 100_000
    """Undelivered alerts a partition may hold; beyond that watch stops reading it until some are delivered."""

    console_database: SecretStr = SecretStr("sellerwatch-console.db")
    """Where the console keeps what it shows: a path (SQLite), or `postgresql://user:password@host/name`."""

    console_keep: Annotated[Duration, Field(ge=timedelta(days=1))] = timedelta(days=180)
    """How long the console keeps alerts, decisions and orders after they came, or were last touched."""

    session_timeout: Annotated[Duration, Field(ge=timedelta(seconds=3), le=timedelta(seconds=120))] = timedelta(
        seconds=30
    )
    """A worker that Kafka has not heard of for this long loses its partitions to others."""

    max_poll_records: Annotated[int, Field(ge=1, le=10_000)] = 2_000
    """Records that one poll brings at most."""

    metrics_host: str = "127.0.0.1"
    """Address of the listener for `/metrics`, `/healthz` and `/readyz`."""

    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    """Its port; default: 9101 intake, 9102 watch, 9103 learn, 9104 dispatch. 0: any free port."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least level that is logged."""

    console_host: str = "127.0.0.1"
    """Address of the analysts' console. One that others reach is refused as long as nobody has to log in."""

    console_port: Annotated[int, Field(ge=0, le=65_535)] = 8470
    """Its port. 0: any free port."""

    console_hosts: Words = []
    """Names under which browsers may call the console, such as `risk.example.org`; default: those of this machine,
    and `console_host`."""

    console_users: Path | None = None
    """File of the people who may log in; `sellerwatch console users add` writes it."""

    console_secret: SecretStr | None = None
    """Signs sessions; at least 32 characters. Default: a new one at each start, after which everybody logs in again."""

    console_session: Annotated[Duration, Field(ge=timedelta(minutes=1), le=LONGEST_SESSION)] = timedelta(hours=12)
    """After this long people log in again."""

    console_proxy_user: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None
    """Header in which an OIDC proxy names who is logged in, such as `X-Auth-Request-Email`, in place of own users."""

    console_proxy_roles: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "X-Auth-Request-Groups"
    """Header in which the proxy gives roles (`analyst`, `lead`, `auditor`, `admin`), separated by commas."""

    console_proxies: Words = []
    """Addresses or networks of the proxies whose headers are believed, such as `10.0.3.7` or `10.0.3.0/24`."""

    console_open: bool = False
    """Without users and proxy, let everybody on this machine in as admin. For trying it out."""

    @field_validator(
        "kafka_brokers",
        "webhook_allow_hosts",
        "hash_keys",
        "exchange_keys",
        "model_keys",
        "webhook_secrets",
        "screening_lists",
        "console_hosts",
        "console_proxies",
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, url: SecretStr) -> SecretStr:
        if redis_place(url) is None:
            raise ValueError(
                "give it as `redis://user:password@host:6379/0`, or `rediss://`; in a password write / as %2F, "
                "@ as %40, ? as %3F, # as %23; a cluster is `redis+cluster://` or `rediss+cluster://`, with database 0"
            )
        return url

    @field_validator("kafka_brokers")
    @classmethod
    def _check_brokers(cls, brokers: list[str]) -> list[str]:
        if not brokers or not all(
            re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):\d{1,5}", each) for each in brokers
        ):
            raise ValueError("each broker is `host:port`, separated by commas")
        return brokers

    @field_validator("hash_keys")
    @classmethod
    def _check_hash_keys(cls, keys: list[SecretStr]) -> list[SecretStr]:
        for key in keys:
            kid, _, secret = key.get_secret_value().partition(":")
            if not (kid.isalnum() and len(kid) <= 8 and len(secret) >= 16 and len(secret.encode()) <= 64):
                raise ValueError(
                    "each key is `id:secret`: an id of 1 to 8 letters or digits, a secret of 16 to 64 characters"
                )
        if len({key.get_secret_value().partition(":")[0] for key in keys}) < len(keys):
            raise ValueError("each key has an id of its own: hashes of two under one id could not be told apart")
        return keys

    @field_validator("exchange_keys")
    @classmethod
    def _check_exchange_keys(cls, keys: list[SecretStr]) -> list[SecretStr]:
        for key in keys:
            kid, _, secret = key.get_secret_value().partition(":")
            if not (kid.isalnum() and len(kid) <= 8 and len(secret) >= 32):
                raise ValueError(
                    "each key is `id:secret`: an id of 1 to 8 letters or digits, a secret of 32 characters or more"
                )
        return keys

    @field_validator("model_keys")
    @classmethod
    def _check_model_keys(cls, keys: list[SecretStr]) -> list[SecretStr]:
        if any(len(key.get_secret_value()) < 16 for key in keys):
            raise ValueError("each secret has at least 16 characters")
        return keys

    @field_validator("console_secret")
    @classmethod
    def _check_console_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < 32:
            raise ValueError("at least 32 characters, such as those of `openssl rand -hex 24`")
        return secret

    @field_validator("console_proxies")
    @classmethod
    def _check_proxies(cls, proxies: list[str]) -> list[str]:
        for each in proxies:
            try:
                ip_network(each)
            except ValueError as error:
                raise ValueError(f"each is an address or a network such as 10.0.3.0/24: {error}") from None
        return proxies

    @model_validator(mode="after")
    def _check_together(self) -> "Settings":
        if self.kafka_security.startswith("SASL") and not (self.kafka_username and self.kafka_password):
            raise ValueError("`kafka_security` with SASL needs `kafka_username` and `kafka_password`")
        if self.console_proxy_user and not self.console_proxies:
            raise ValueError("`console_proxy_user` needs `console_proxies`: whose headers are believed")
        if self.webhook_url and not self.webhook_secrets:
            raise ValueError("`webhook_url` needs `webhook_secrets`: deliveries are signed")
        ids = [key.get_secret_value().partition(":")[0] for key in (*self.hash_keys, *self.exchange_keys)]
        if len(set(ids)) < len(ids):
            raise ValueError("`hash_keys` and `exchange_keys`: each key has an id of its own")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        path = _config_file.get()
        toml = TomlConfigSettingsSource(settings_cls, path) if path else None
        return (init_settings, env_settings, *([toml] if toml else []))

    @property
    def redis_place(self) -> str:
        """Where Redis is, as it may be shown: without user and password."""
        return redis_place(self.redis_url) or ""

    def hashing(self) -> list[HashKey]:
        """The hash keys, the one in force first."""
        split = (key.get_secret_value().partition(":") for key in self.hash_keys)
        return [HashKey(kid, secret.encode()) for kid, _, secret in split]

    def exchanging(self) -> list[HashKey]:
        """The keys of hashes that are exchanged with other marketplaces."""
        split = (key.get_secret_value().partition(":") for key in self.exchange_keys)
        return [exchange_key(kid, secret) for kid, _, secret in split]

    def signing(self) -> list[bytes]:
        """The model keys, the signing one first."""
        return [key.get_secret_value().encode() for key in self.model_keys]


def redis_place(url: SecretStr) -> str | None:
    """Host and port of a Redis URL, or its socket; `None` when it is not in order. Never a part of a password."""
    try:
        place = urlsplit(url.get_secret_value())
        if "@" in place.path + place.query + place.fragment:  # the rest of a password, cut where it was not escaped
            return None
        if place.scheme == "unix":
            return place.path or None
        known = place.scheme.removesuffix("+cluster") in ("redis", "rediss") and place.hostname
        if place.scheme.endswith("+cluster") and place.path not in ("", "/", "/0"):
            return None
        return f"{place.hostname}:{place.port or 6379}" if known else None
    except ValueError:
        return None


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """The settings in force.

    Args:
        config: A TOML file; default: the one that `SELLERWATCH_CONFIG` names.

    Raises:
        SettingsError: Names every setting that is wrong, with what it should be.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    path = config or (Path(named) if named else None)
    if path is not None and not path.is_file():
        raise SettingsError(f"settings file {path} does not exist")
    _refuse_unknown_variables()
    try:
        with _secrets_from_files():
            token = _config_file.set(path)
            try:
                return Settings(**overrides)
            finally:
                _config_file.reset(token)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise SettingsError(_explain(error, path)) from None


def _refuse_unknown_variables() -> None:
    known = {f"SELLERWATCH_{name.upper()}" for name in Settings.model_fields}
    meant = (*known, CONFIG_VARIABLE)
    for name in os.environ:
        if name.startswith("SELLERWATCH_") and name.removesuffix("_FILE") not in known and name not in known:
            if name in OTHER_VARIABLES or name.startswith(RECEIVER_VARIABLES):
                continue
            near = get_close_matches(name, meant, n=1)
            raise SettingsError(f"{name}: there is no such setting" + (f"; did you mean {near[0]}?" if near else ""))


class _secrets_from_files:  # noqa: N801 - reads as a verb
    """Puts the contents of `SELLERWATCH_X_FILE` where `SELLERWATCH_X` is looked for, for a moment."""

    def __enter__(self) -> None:
        self._set: list[str] = []
        for name, path in list(os.environ.items()):
            target = name.removesuffix("_FILE")
            if not (name.startswith("SELLERWATCH_") and name.endswith("_FILE")) or name == "SELLERWATCH_KAFKA_CA_FILE":
                continue
            if target not in os.environ:
                try:
                    os.environ[target] = Path(path).read_text().strip()
                except OSError as error:
                    raise SettingsError(f"{name}: cannot read {path}: {error.strerror}") from None
                except UnicodeDecodeError:
                    raise SettingsError(f"{name}: {path} is not UTF-8") from None
                self._set.append(target)

    def __exit__(self, *_: object) -> None:
        for target in self._set:
            del os.environ[target]


def _explain(error: ValidationError, path: Path | None) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in problem["loc"])
        where = f"{path}: {name}, or SELLERWATCH_{name.upper()}" if path else f"SELLERWATCH_{name.upper()}"
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"].startswith("time_delta"):
            message = "not a duration: give seconds, or ISO 8601 such as PT1H"
        if problem["type"] == "extra_forbidden":
            message = "there is no such setting"
        lines.append(f"{where}: {message}" if name else message)
    return "\n".join(lines)
