"""Descriptive fields: an empty or note-like value, such as `?` or `damaged`, does not replace a name that says something."""

from typing import TYPE_CHECKING

from conf.entities import Entity
from conf.vocabularies import notes

if TYPE_CHECKING:
    from pyspark.sql import Column

NAME, NOTE = 2, 1


def descriptive(entity: Entity) -> list[str]:
    """Columns of the entity that describe, in order."""
    return [column.name for column in entity.columns if column.descriptive]


def worth(value: "Column") -> "Column":
    """How much a value says: 2 for a name, 1 for a note, null for nothing.

    A note has no letter, begins or ends with a question mark, or is a word of the vocabulary.
    """
    from pyspark.sql import functions as F

    text = F.lower(F.trim(value))
    is_note = ~text.rlike(r"\p{L}") | text.rlike(r"^\?|\?$") | text.isin(*sorted(notes()))
    return F.when(text == "", None).when(is_note, NOTE).when(text.isNotNull(), NAME)


def worth_told(value: "Column", replaces: "Column") -> "Column":
    """`worth`, where the source may say that even its empty values replace what was there."""
    from pyspark.sql import functions as F

    return F.when(replaces, NAME).otherwise(worth(value))
