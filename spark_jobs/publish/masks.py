"""A column as a role sees it: the SQL of each mask of conf/access.yml."""

from conf.access import Mask


def shown(name: str, kind: str, mask: Mask, role: str) -> str:
    """The select item of a column with a mask; a mask that does not fit the type shows nothing."""
    column = f"`{name}`"
    if mask is Mask.FULL:
        return column
    if mask is Mask.YEAR and kind in ("date", "timestamp"):
        return f"year({column}) as {column}"
    if mask is Mask.TOKEN and kind == "string":
        return f"concat('t_', substring(sha2(concat('{role}/', {column}), 256), 1, 20)) as {column}"
    if mask is Mask.PARTIAL and kind == "string":
        return f"concat(substring({column}, 1, 1), '***') as {column}"
    return f"cast(null as {kind}) as {column}"
