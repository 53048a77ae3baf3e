"""Canonical entities: what every source is mapped onto; one YAML file under conf/entities/ for each."""

from functools import cache

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from conf.documents import read_document, validate
from conf.errors import ConfigError, Finding
from conf.settings import conf_dirs
from conf.types import NAME, PiiClass, check_type


class EntityColumn(BaseModel):
    """A column of a canonical entity. `id: true` values are namespaced by source when they are conformed.

    A `descriptive: true` text keeps its last value that says something when a later version is empty or a note.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME)
    type: str
    description: str
    id: bool = False
    required: bool = False
    descriptive: bool = False
    pii: PiiClass = PiiClass.NONE

    _type = field_validator("type")(check_type)


class Entity(BaseModel):
    """A canonical entity: its grain, its key and its columns in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entity: str = Field(pattern=NAME)
    grain: str
    key: str
    columns: tuple[EntityColumn, ...]

    @model_validator(mode="after")
    def _key_is_a_column(self) -> "Entity":
        names = [column.name for column in self.columns]
        if self.key not in names:
            raise ValueError(f"key {self.key!r} is not one of the columns")
        if len(set(names)) < len(names):
            raise ValueError("a column name is there twice")
        if wrong := [c.name for c in self.columns if c.descriptive and (c.type != "string" or c.name == self.key)]:
            raise ValueError(f"descriptive is for strings that are not the key; leave it out at {', '.join(wrong)}")
        if direct := [c.name for c in self.columns if c.pii in (PiiClass.DIRECT, PiiClass.SENSITIVE)]:
            raise ValueError(f"direct PII has no place in silver; carry a token instead of {', '.join(direct)}")
        return self

    def column(self, name: str) -> EntityColumn:
        """The column called `name`.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@cache
def load_entities() -> dict[str, Entity]:
    """All canonical entities by name; a file of the overlay folder replaces the one of the same name.

    Raises:
        ConfigError: every mistake in every file at once.
    """
    files = {file.name: file for folder in conf_dirs() for file in sorted((folder / "entities").glob("*.yml"))}
    entities: dict[str, Entity] = {}
    findings: list[Finding] = []
    for file in (files[name] for name in sorted(files)):
        try:
            entity = validate(Entity, read_document(file))
        except ConfigError as err:
            findings += err.findings
            continue
        if entity.entity != file.stem:
            findings.append(Finding(str(file), f"holds entity {entity.entity!r}", f"name the file {entity.entity}.yml"))
        entities[entity.entity] = entity
    if findings:
        raise ConfigError("the canonical entities are not valid", findings)
    return entities
