"""Maps and routes as they are drafted."""

from dataclasses import dataclass, field

MASTERS = {"customers": "source_customer_id", "products": "product_id", "stores": "store_id"}
NEEDED = {"orders": ("order_id", "ordered_at", "ordered_on"), "order_items": ("order_id", "sales_amount"), "returns": ()}


@dataclass
class RouteDraft:
    """Rows that seem to be something else; `is_sure` when the draft says so itself."""

    name: str
    where: str
    note: str
    is_sure: bool = True


@dataclass
class MapDraft:
    """A map as it is drafted: fields and other keys as YAML text, and doubts by field (`""`: of the whole map)."""

    entity: str
    fields: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        """Fields without which the entity has no rows."""
        needed = NEEDED.get(self.entity, (MASTERS[self.entity],) if self.entity in MASTERS else ())
        return tuple(name for name in needed if name not in self.fields)


def expression(text: str) -> str:
    """A field that is computed."""
    return f'{{expr: "{text}"}}'
