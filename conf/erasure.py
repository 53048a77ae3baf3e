"""What happens to a customer's rows when the customer is erased (conf/erasure.yml); an overlay's file replaces ours key by key."""

from functools import cache

from pydantic import Field

from conf.dialects import Part
from conf.documents import layered, validate
from conf.entities import load_entities
from conf.errors import ConfigError, Finding
from conf.settings import conf_dirs


class Kept(Part):
    """Entities, marts and tables of `ops` whose rows stay without the customer."""

    entities: tuple[str, ...] = ()
    marts: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()


class Erasure(Part):
    """The rules of erasure."""

    kept_without_customer: Kept = Kept()
    retain_old_versions_hours: int = Field(default=0, ge=0)

    def keeps(self, full_name: str) -> bool:
        """Whether rows of a table stay without the customer."""
        schema, _, name = full_name.partition(".")
        kept = self.kept_without_customer
        return name in {"silver": kept.entities, "ops": kept.operations}.get(schema, kept.marts)


@cache
def load_erasure() -> Erasure:
    """The rules of this configuration.

    Raises:
        ConfigError: a mistake in the file, or an entity whose rows need a customer.
    """
    document = layered([file for folder in conf_dirs() if (file := folder / "erasure.yml").is_file()])
    rules = validate(Erasure, document)
    entities = load_entities()
    where = document.where(("kept_without_customer", "entities"))
    findings = [
        Finding(where, f"unknown entity {name!r}", "see conf/entities")
        for name in rules.kept_without_customer.entities
        if name not in entities
    ]
    findings += [
        Finding(where, f"rows of {name} need their customer", "leave it out, or make source_customer_id of that entity optional")
        for name in rules.kept_without_customer.entities
        if name in entities and any(column.required for column in entities[name].columns if column.name == "source_customer_id")
    ]
    if findings:
        raise ConfigError("the rules of erasure are not valid", findings)
    return rules
