"""Databases that a source is read from: where they are, and which rows of a table are news. Passwords are in the environment only."""

import re

from pydantic import Field, field_validator

from conf.dialects import Part
from conf.types import NAME

DRIVERS = {"postgresql": "org.postgresql.Driver"}
TABLE = r'^("[^"]+"|[A-Za-z_][\w$]*)(\.("[^"]+"|[A-Za-z_][\w$]*)){0,2}$'


class Jdbc(Part):
    """A table of a database as a feed. `watermark` names the contract's column that grows with every change of a row."""

    url: str = Field(pattern=r"^jdbc:[a-z0-9]+:")
    table: str = Field(pattern=TABLE)
    user: str | None = None
    password_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    driver: str | None = None
    watermark: str | None = Field(default=None, pattern=NAME)
    overlap_minutes: int = Field(default=0, ge=0)
    fetch_size: int = Field(default=10_000, ge=1)

    @field_validator("url")
    @classmethod
    def _without_secrets(cls, value: str) -> str:
        if re.search(r"password|//[^/@]*:[^/@]*@", value, re.IGNORECASE):
            raise ValueError("the address holds a password; name the environment variable that has it in password_env")
        return value

    @property
    def driver_class(self) -> str | None:
        """Java class of the driver; None leaves it to the address."""
        return self.driver or DRIVERS.get(self.url.split(":")[1])
