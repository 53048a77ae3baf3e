"""The vault's reader: the one place that decrypts for people, as far as their role goes, and never before it is in the audit log for what."""

import getpass
from collections.abc import Sequence
from dataclasses import dataclass

from conf.access import Access, Mask, load_access
from conf.errors import ConfigError, Finding, InputError
from conf.settings import Settings
from spark_jobs.common.audit.journal import actor, note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.session import engine_session
from spark_jobs.privacy.access.masks import masked

VAULT = "vault.pii"


@dataclass(frozen=True)
class Shown:
    """A token, the kind of its value, and as much of it as the role sees; `value` is None when that is nothing, `kind` when the vault has no such token."""

    token: str
    kind: str | None
    value: str | None


def show(settings: Settings, tokens: Sequence[str], *, role: str, purpose: str) -> list[Shown]:
    """Values behind tokens, in the order asked for.

    Raises:
        InputError: no purpose is given.
        ConfigError: there is no such role, the account may not act in it, or it may open nothing.
    """
    access = load_access()
    if not purpose.strip():
        raise InputError(
            "a purpose is needed", [Finding("--purpose", "is empty", "say what the values are needed for; it goes into the audit log")]
        )
    if refusal := _refusal(access, role):
        note(settings, Action.PII_REFUSED, VAULT, purpose=purpose, role=role, for_actor=actor(), tokens=len(tokens))
        raise refusal
    note(settings, Action.PII_READ, VAULT, purpose=purpose, role=role, for_actor=actor(), tokens=len(tokens))
    ring = key_reference(settings).open()
    with engine_session(settings) as spark:
        asked = spark.createDataFrame([(token,) for token in sorted(set(tokens))], "token string")
        rows = {row["token"]: row for row in spark.table(VAULT).join(asked, "token", "left_semi").collect()}
    shown = []
    for token in tokens:
        row = rows.get(token)
        value = (
            None
            if row is None
            else masked(row["kind"], ring.decrypt(bytes(row["ciphertext"]), token).decode(), access.roles[role].may_open(row["kind"]))
        )
        shown.append(Shown(token, row["kind"] if row else None, value))
    return shown


def _refusal(access: Access, role: str) -> ConfigError | None:
    if role not in access.roles:
        return ConfigError(f"there is no role {role!r}", [Finding("--role", "unknown", f"use one of {', '.join(access.roles)}")])
    if role not in access.roles_of(getpass.getuser()):
        return ConfigError(
            f"this account may not act as {role}", [Finding("--role", "not allowed", "ask an admin: accounts in access.yml")]
        )
    if all(mask is Mask.NONE for mask in access.roles[role].vault.values()):
        return ConfigError(f"{role} may open nothing", [Finding("--role", "has no right to the vault", "ask somebody whose role has it")])
    return None
