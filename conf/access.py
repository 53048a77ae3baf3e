"""Roles and what they see (conf/access.yml); an overlay's file is merged over ours key by key."""

from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache

from pydantic import Field, field_validator

from conf.dialects import Part
from conf.documents import Document, layered, nearest, validate
from conf.errors import ConfigError, Finding
from conf.settings import conf_dirs
from conf.types import NAME, PiiKind

ALL = "*"


class Mask(StrEnum):
    """How much of a value somebody sees."""

    FULL = "full"
    PARTIAL = "partial"
    YEAR = "year"
    TOKEN = "token"  # noqa: S105  # a name of a mask
    NONE = "none"


class Role(Part):
    """Masks by label of a column, and by kind of a value in the vault; `*` for all that are not named."""

    columns: dict[str, Mask]
    vault: dict[str, Mask]

    @field_validator("columns", "vault")
    @classmethod
    def _has_a_rest(cls, value: dict[str, Mask]) -> dict[str, Mask]:
        if ALL not in value:
            raise ValueError('say with "*" what holds for all that are not named')
        return value

    def mask_of(self, label: str | None) -> Mask:
        """The mask of a column with this label; `*` is that of a column without one too."""
        return self.columns.get(label or ALL, self.columns[ALL])

    def may_open(self, kind: str) -> Mask:
        """How much of a value of the vault the role sees."""
        return self.vault.get(kind, self.vault[ALL])


class Access(Part):
    """Labels, roles and accounts."""

    labels: dict[str, tuple[str, ...]] = Field(min_length=1)
    roles: dict[str, Role] = Field(min_length=1)
    accounts: dict[str, tuple[str, ...]] = Field(min_length=1)

    @field_validator("roles")
    @classmethod
    def _are_names(cls, value: dict[str, Role]) -> dict[str, Role]:
        import re

        if wrong := sorted(name for name in value if not re.fullmatch(NAME, name)):
            raise ValueError(f"a role's name becomes a schema's: small letters, digits, underscores; not {', '.join(wrong)}")
        return value

    def label_of(self, column: str) -> str | None:
        """The label of a column of gold; None when it has none."""
        return next((label for label, patterns in self.labels.items() if any(fnmatchcase(column, each) for each in patterns)), None)

    def roles_of(self, account: str) -> tuple[str, ...]:
        """Roles that an account may act in."""
        return self.accounts.get(account, self.accounts.get(ALL, ()))


@cache
def load_access() -> Access:
    """Roles and labels of this configuration.

    Raises:
        ConfigError: every mistake at once, with file and line.
    """
    document = layered([file for folder in conf_dirs() if (file := folder / "access.yml").is_file()])
    access = validate(Access, document)
    if found := _findings(document, access):
        raise ConfigError("access.yml is not valid", found)
    return access


def _findings(document: Document, access: Access) -> list[Finding]:
    kinds = {str(kind) for kind in PiiKind}
    found = []
    for name, role in access.roles.items():
        for label in set(role.columns) - {ALL, *access.labels}:
            where = document.where(("roles", name, "columns", label))
            found.append(Finding(where, f"unknown label {label!r}", nearest(label, set(access.labels))))
        found += [
            Finding(document.where(("roles", name, "vault", kind)), f"unknown kind {kind!r}", nearest(kind, kinds))
            for kind in set(role.vault) - {ALL, *kinds}
        ]
        for kind, mask in role.vault.items():
            if mask is Mask.TOKEN:
                where = document.where(("roles", name, "vault", kind))
                found.append(Finding(where, "who has a token asks the vault for more", "use full, partial, year or none"))
    for account, roles in access.accounts.items():
        for role_name in set(roles) - set(access.roles):
            where = document.where(("accounts", account))
            found.append(Finding(where, f"unknown role {role_name!r}", nearest(role_name, set(access.roles))))
    return sorted(found, key=lambda finding: finding.where)
