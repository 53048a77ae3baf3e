"""The JSON Schema of source mappings, for editors: words, values and entities complete as one types."""

from typing import Any

from conf.contracts import SourceContract
from conf.entities import load_entities


def source_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a file in conf/sources/, with this configuration's entities and their fields.

    The schema accepts every mapping that loads; what spans several places (names of columns, keys) is checked when it is loaded.
    """
    schema = SourceContract.model_json_schema()
    schema |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Source mapping"}
    definitions = schema["$defs"]
    for definition in definitions.values():
        for field in definition.get("properties", {}).values():
            _as_written(field)
    for_entities = []
    for name, entity in sorted(load_entities().items()):
        fields = {column.name: {"$ref": "#/$defs/FieldSource", "description": column.description} for column in entity.columns}
        for_entities.append(
            {
                "if": {"properties": {"entity": {"const": name}}},
                "then": {"properties": {"fields": {"properties": fields, "additionalProperties": False}}},
            }
        )
    definitions["EntityMap"]["properties"]["entity"] |= {"enum": sorted(load_entities())}
    definitions["EntityMap"]["allOf"] = for_entities
    definitions["FieldSource"] = {
        "description": "a column of the feed, or one of const, expr, key, local_date",
        "anyOf": [{"type": "string"}, definitions["FieldSource"]],
    }
    return schema


def _as_written(field: dict[str, Any]) -> None:
    """A value that may be written alone or as a list, as `format` may."""
    if field.get("type") == "array" and field.get("title") == "Format":
        items = {key: field.pop(key) for key in ("type", "items")}
        field["anyOf"] = [{"type": "string"}, items]
