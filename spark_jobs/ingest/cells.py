"""Values of spreadsheet cells as the text that a csv export of them would hold."""

from datetime import date, datetime, time


def cell_text(value: object) -> str | None:
    """A cell as text: whole numbers without `.0`, moments as `yyyy-MM-dd HH:mm:ss`, a day without time as `yyyy-MM-dd`."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if not value.microsecond else "microseconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip() or None
