"""JSON Schema of a mapping file, for editors: names of entities and their fields, types, and one sentence for each key."""

from typing import Any

from conf.contracts import SourceContract
from conf.entities import Entity, load_entities

SCHEMA_FILE = "source.schema.json"

# Model → key → what an editor shows beside it.
MEANINGS: dict[str, dict[str, str]] = {
    "SourceContract": {
        "source": "Name of the source system and of this file; the namespace of its ids.",
        "title": "Name for people.",
        "time_zone": "IANA time zone of local times without an offset, such as Asia/Shanghai; else the retailer's.",
        "currency_code": "ISO 4217 code of its amounts; else the retailer's.",
        "processing": "Why its personal data is processed, on what ground, for how long and for whom: for the register.",
        "feeds": "Kinds of files, by name.",
    },
    "Feed": {
        "description": "What a row of the feed is.",
        "files": "Pattern below landing/<source>/, with * and ?; {date} (once) is the day of delivery.",
        "format": "How the files are written.",
        "jdbc": "Of format jdbc: the table of a database.",
        "csv": "Dialect of the text: delimiter, quote, encoding, header, lines that are no rows, null values.",
        "each": "Of jsonl: path of a list, of which every element is a row.",
        "sheet": "Sheet of an xlsx file; else the first one.",
        "numbers": "How numbers are written in the whole feed.",
        "max_rejected_share": "Above this share of rejected rows nothing of a batch is loaded.",
        "required": "true: a bad file stops the feed, and so does a feed that never had a file.",
        "on_bad_file": "A file that cannot be loaded as a whole: set_aside (the others load) or stop.",
        "columns": "The columns to read; others are left in the file.",
        "rules": "Predicates over several columns.",
        "delivery": "snapshot: what a delivery does not have any more is deleted; increment: it stays.",
        "changes": "A feed of changes: which column says insert, update or delete.",
        "foreign_keys": "Columns whose values must be in another feed.",
        "document": "Columns that identify the document (order, invoice) a row belongs to.",
        "unique": "Columns that name a row within one file; later rows with the same key are rejected.",
        "routes": "Rows that are something else, such as returns: the first predicate that is true takes the row.",
        "maps": "The entities that the rows fill.",
        "processing": "What is different from the source's.",
    },
    "Processing": {
        "purpose": "What for.",
        "legal_basis": "The ground (PIPL 13, GDPR 6).",
        "retention_days": "How long it is kept.",
        "recipients": "Who outside gets it.",
    },
    "Jdbc": {
        "url": "Address, jdbc:postgresql://host:5432/database; never with a password.",
        "table": "Table or view, with its schema.",
        "user": "Who reads.",
        "password_env": "Environment variable that holds the password.",
        "driver": "Java class of the driver, when the address does not tell.",
        "watermark": "Column that grows with every change of a row; only rows above the last one are read.",
        "overlap_minutes": "So much below the last watermark is read again, for rows that were committed late.",
        "fetch_size": "Rows that the driver fetches at once.",
    },
    "Column": {
        "name": "Our name: small letters, digits, underscores.",
        "type": "string, boolean, int, bigint, double, decimal(p,s), date or timestamp.",
        "source_name": "The file's name of the column; a dotted path into nested JSON.",
        "description": "What a value says.",
        "required": "A row without a value is rejected.",
        "min": "Smallest value.",
        "max": "Greatest value.",
        "pattern": "Regular expression that must match the whole value: Java's, of direct and sensitive columns Python's.",
        "allowed": "The only values there may be.",
        "format": "Of a date or timestamp: Spark datetime patterns, epoch_s, epoch_ms, epoch_us or excel_serial; the first that fits reads it.",
        "locale": "Language of the names of months that MMM in the format reads, such as fr.",
        "numbers": "How numbers are written in this column.",
        "start": "Of fixed_width: first character, from 1.",
        "width": "Of fixed_width: number of characters.",
        "time_zone": "IANA time zone of local times in this column.",
        "max_days_before_delivery": "A date may lie at most so many days before the day on which its file became known.",
        "max_days_after_delivery": "A date may lie at most so many days after the day on which its file became known.",
        "range": "plausible: a mapped date lies between 1990 and a year after its delivery, or in the column's own bounds; any: it may be any.",
        "pii": "How close a value is to a person; direct and sensitive values become tokens and need a kind.",
        "kind": "What a PII value is; decides how it is normalised before it becomes a token.",
        "valid": "A PII value must be a possible one of its kind: a number that can be dialled, a day, an identity number with its check digit.",
        "clean": "Keys and identifiers: true (their default) trims invisible characters and undoes spreadsheet damage, nfkc also full width; or false.",
        "coarse": "What stays of a PII value in the open, in a column <name>_<this>: year, district, grid or scrubbed.",
        "processing": "What is different from the feed's.",
        "per_document": "The field belongs to the whole document: first_filled, last (filled) or max over its lines.",
        "coarse_pattern": "Of coarse: district: regular expression whose first group is kept; the Chinese form unless given.",
    },
    "Csv": {
        "delimiter": "One character between values.",
        "quote": "One character around values; doubled inside them. none: no character quotes.",
        "escape": "One character before a quote inside a value.",
        "encoding": "Any name Python knows: utf-8, gb18030, utf-16, cp1252.",
        "header": "false: columns are in the order of the contract.",
        "null_values": "Texts that mean no value.",
        "max_field_lines": "A quoted value with more lines rejects its record.",
    },
    "Numbers": {
        "decimal": "Mark before the fraction.",
        "thousands": "Mark between groups of three digits.",
        "negative": "Ways to write a negative number beside a minus before it: (34.50), 34.50-, 34.50 CR.",
    },
    "Rule": {
        "name": "Name of the rule in findings and quarantine.",
        "expr": "Spark SQL over the typed columns; a row for which it is not true breaks the rule.",
        "severity": "reject sends the row to quarantine, warn only counts it.",
    },
    "ForeignKey": {
        "name": "Name of the rule in findings and quarantine.",
        "columns": "Columns of this feed.",
        "feed": "Feed of the same source that must have the values.",
        "to": "Columns there; the same names unless given.",
        "severity": "warn only counts a row that refers to nothing, reject sends it to quarantine.",
    },
    "Changes": {
        "operation": "Column that says what happened.",
        "delete": "Its values that mean delete.",
        "order_by": "Column, a number or a moment, that orders the changes of one delivery.",
    },
    "Route": {
        "name": "Name of the route, for routes of maps.",
        "where": "Spark SQL over the typed columns.",
        "description": "What these rows are.",
    },
    "EntityMap": {
        "entity": "The canonical entity that is filled.",
        "dedup": "What makes two delivered rows the same row.",
        "document": "Columns that identify the document (order, invoice) of a row; else the feed's.",
        "content": "Columns that tell lines of a document apart when no key is mapped; else all mapped fields.",
        "routes": "Routes whose rows it takes; else the rest only.",
        "fields": "Canonical field → column of the feed, or const, expr, key, local_date.",
        "where": "Spark SQL; only rows for which it is true.",
        "order_by": "Of several rows of one key in one delivery the one with the greatest value speaks; else the last one of the file.",
        "priority": "The higher one wins when feeds disagree on a field.",
        "namespace": "Namespace of the ids, when it is another source's.",
    },
    "FieldSource": {
        "column": "Column of the feed.",
        "const": "The same value for all rows.",
        "expr": "Spark SQL over the typed columns.",
        "key": "Columns that make an id together.",
        "local_date": "Day of a timestamp column on the source's clock.",
        "values": "Words of the source and what to read in their place, such as {已全额退款: refunded}; a word that is not there stays.",
        "empty": "Of a descriptive field: keeps (default) or replaces what was there when the value is empty or a note.",
        "first": "Several of these: the first that has a value speaks; ids keep their own namespaces.",
        "namespace": "Namespace of this id, when it is another source's.",
    },
}


def contract_schema() -> dict[str, Any]:
    """The JSON Schema of a mapping file, with the entities of this installation."""
    schema = SourceContract.model_json_schema()
    models = schema["$defs"] | {"SourceContract": schema}
    for model, meanings in MEANINGS.items():
        for key, meaning in meanings.items():
            models[model]["properties"][key]["description"] = meaning
    column = models["Column"]["properties"]
    column["format"] |= {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    column["format"].pop("items"), column["format"].pop("type")
    column["type"]["pattern"] = r"^(string|boolean|int|bigint|double|date|timestamp|decimal\(\s*\d+\s*,\s*\d+\s*\))$"
    models["Csv"]["properties"]["quote"]["anyOf"].append({"const": "none"})
    source = models["FieldSource"]
    schema["$defs"]["FieldSource"] = {"anyOf": [{"type": "string", "description": "Column of the feed."}, source]}
    _know_entities(models["EntityMap"], load_entities())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _know_entities(entity_map: dict[str, Any], entities: dict[str, Entity]) -> None:
    """Offer the entities there are, and of each the fields it has."""
    entity_map["properties"]["entity"]["enum"] = sorted(entities)
    entity_map["allOf"] = [
        {
            "if": {"properties": {"entity": {"const": name}}},
            "then": {"properties": {"fields": {"propertyNames": {"enum": list(entity.column_names)}}}},
        }
        for name, entity in sorted(entities.items())
    ]
