"""Settings of one installation: base.yml < <env>.yml < overlay settings.yml < CDP_* environment variables; frozen."""

import os
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from conf.currencies import check_currency
from conf.documents import Document, Location, findings, layered, over
from conf.errors import ConfigError, Finding
from conf.privacy import Privacy
from conf.types import check_time_zone

PROJECT_ROOT = Path(__file__).resolve().parent.parent
CONF_DIR = Path(__file__).resolve().parent


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lake(_Section):
    """Where everything lives. All folders derive from `root`; only the warehouse is read by query engines."""

    root: Path = Path("lake")

    @field_validator("root")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value if value.is_absolute() else (PROJECT_ROOT / value).resolve()

    @property
    def landing(self) -> Path:
        """Files as the sources delivered them: `landing/<source>/<feed>/…`."""
        return self.root / "landing"

    @property
    def warehouse(self) -> Path:
        """Delta tables: `warehouse/<schema>/<table>`."""
        return self.root / "warehouse"

    @property
    def metastore(self) -> Path:
        """The embedded Derby catalogue."""
        return self.root / "metastore"

    @property
    def engine(self) -> Path:
        """Lock, state and log files of the Spark engine."""
        return self.root / "engine"

    @property
    def keys(self) -> Path:
        """Generated key files (mode 0600), outside the warehouse."""
        return self.root / "keys"

    @property
    def archive(self) -> Path:
        """Delivered files, encrypted, until their time is over."""
        return self.root / "archive"

    @property
    def exports(self) -> Path:
        """What leaves the platform for people: answers to rights requests."""
        return self.root / "exports"

    @property
    def mlflow(self) -> Path:
        return self.root / "mlflow"

    @property
    def airflow(self) -> Path:
        return self.root / "airflow"

    @property
    def logs(self) -> Path:
        return self.root / "logs"


class Retailer(_Section):
    """Facts about the retailer as a whole; a source may override clock and currency.

    `country_code` (ISO 3166) is where phone numbers without a country code are at home: with it 138…, +86 138… and 0086 138… have one token.
    Set it before the first night: tokens of phone numbers that were made without it do not meet those made with it.
    """

    name: str = "retailer"
    time_zone: str = "UTC"
    currency_code: str = "USD"
    country_code: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    churn_horizon_days: int = Field(default=28, ge=1, le=730)

    _currency = field_validator("currency_code")(check_currency)
    _zone = field_validator("time_zone")(check_time_zone)

    @property
    def lost_after_days(self) -> int:
        """Days without an order after which a customer is lost: twice the churn horizon, and not below 90."""
        return max(90, 2 * self.churn_horizon_days)


class Spark(_Section):
    """The engine. `remote` set means: somebody else runs it and we only attach."""

    remote: str | None = None
    master: str = "local[*]"
    driver_memory: str = Field(default="6g", pattern=r"^\d+[gm]$")
    connect_port: int = Field(default=15002, ge=0, le=65535)
    thrift_port: int = Field(default=10000, ge=0, le=65535)
    shuffle_partitions: int = Field(default=4, ge=1)
    conf: dict[str, str] = {}


class Ingest(_Section):
    """How much may be wrong with a file, and what is kept of a rejected row.

    `tolerated_rejects` rejected rows of a batch never stop it, whatever share they are: of a feed of ten rows a day, one wrong row is 10 %.
    """

    max_rejected_share: float = Field(default=0.02, ge=0, le=1)
    tolerated_rejects: int = Field(default=0, ge=0)
    keep_raw_in_quarantine: bool = True


class Quality(_Section):
    """What must hold before a night is published, beside the rejected rows that `ingest.max_rejected_share` allows."""

    min_consistency: float | None = Field(default=None, ge=0, le=1)
    max_unknown_status_share: float = Field(default=0.05, ge=0, le=1)
    allow_empty_gold: bool = False


class Collect(_Section):
    """What may leave the engine for the driver."""

    max_rows: int = Field(default=5_000_000, ge=1)


class Airflow(_Section):
    """When the DAGs run by themselves. Embedded, a person starts them; an Airflow of your own sets `schedule` to true."""

    schedule: bool = False
    day_ends_at_hour: int = Field(default=4, ge=0, le=12)


class Dbt(_Section):
    """How dbt runs."""

    threads: int = Field(default=2, ge=1)


class Models(_Section):
    """Which registered models a run works with, and whether it may train. All of them and yes, unless a person asks otherwise."""

    only: tuple[str, ...] | None = None
    train: bool = True


class Mlflow(_Section):
    """Where experiments and registered models are."""

    tracking_uri: str | None = None


class Logging(_Section):
    """How much is logged."""

    level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")


class Settings(BaseSettings):
    """All settings. Build it with `load_settings()`, which reports every mistake at once."""

    model_config = SettingsConfigDict(env_prefix="CDP_", env_nested_delimiter="__", frozen=True, extra="forbid")

    lake: Lake = Lake()
    retailer: Retailer = Retailer()
    spark: Spark = Spark()
    ingest: Ingest = Ingest()
    privacy: Privacy = Privacy()
    quality: Quality = Quality()
    collect: Collect = Collect()
    airflow: Airflow = Airflow()
    dbt: Dbt = Dbt()
    models: Models = Models()
    mlflow: Mlflow = Mlflow()
    logging: Logging = Logging()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment variables outrank the files, which arrive as init arguments."""
        return env_settings, init_settings

    @property
    def mlflow_uri(self) -> str:
        """Tracking and registry address; SQLite under the lake unless configured."""
        return self.mlflow.tracking_uri or f"sqlite:///{self.lake.mlflow / 'mlflow.db'}"


def overlay_dir() -> Path | None:
    """The folder a retailer keeps outside the repository (`CDP_CONF` or `cdp --conf DIR`), or None.

    Raises:
        ConfigError: `CDP_CONF` names something that is not a folder.
    """
    value = os.environ.get("CDP_CONF")
    if not value:
        return None
    folder = Path(value).expanduser().resolve()
    if not folder.is_dir():
        raise ConfigError("the overlay folder is not there", [Finding("CDP_CONF", "no such folder", f"create {folder} or unset CDP_CONF")])
    return folder


def conf_dirs() -> list[Path]:
    """Folders to read configuration from, later ones override earlier ones by file name."""
    overlay = overlay_dir()
    return [CONF_DIR, *([overlay] if overlay else [])]


class _Environment(Document):
    """The CDP_* variables: they stand nowhere in a file, but can be named."""

    def knows(self, location: Location) -> bool:
        return _variable(location) in {name.upper() for name in os.environ}

    def where(self, location: Location) -> str:
        return _variable(location)


def _variable(location: Location) -> str:
    return "CDP_" + "__".join(map(str, location)).upper()


def _settings_files() -> list[Path]:
    environment = os.environ.get("CDP_ENV")
    files = [CONF_DIR / "base.yml"]
    if environment:
        file = CONF_DIR / f"{environment}.yml"
        overlay = overlay_dir()
        candidates = [file, *([overlay / f"{environment}.yml"] if overlay else [])]
        if not any(candidate.is_file() for candidate in candidates):
            raise ConfigError(
                "unknown environment", [Finding("CDP_ENV", f"no {environment}.yml in conf/ or the overlay", "create it or unset CDP_ENV")]
            )
        files += [candidate for candidate in candidates if candidate.is_file()]
    overlay = overlay_dir()
    if overlay and (overlay / "settings.yml").is_file():
        files.append(overlay / "settings.yml")
    return files


def load_settings() -> Settings:
    """Read and validate all settings.

    Raises:
        ConfigError: with one finding per mistake.
    """
    document = over(layered(_settings_files()), _Environment(Path("CDP_*"), {}, {}))
    try:
        return Settings(**document.values)
    except ValidationError as err:
        raise ConfigError("the settings are not valid", findings(Settings, document, err)) from None
    except SettingsError as err:
        finding = Finding("CDP_*", " ".join(str(err).split()), "a variable that holds a map is written as JSON")
        raise ConfigError("the settings are not valid", [finding]) from None


@cache
def settings() -> Settings:
    """The settings of this process, loaded once."""
    return load_settings()
