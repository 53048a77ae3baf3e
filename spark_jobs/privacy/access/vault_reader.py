"""The vault's reader: the one place that decrypts for people, as far as their role goes, and never before it is in the audit log for what."""

from collections.abc import Sequence
from dataclasses import dataclass

from conf.access import Access, Mask, load_access
from conf.errors import ConfigError, Finding, InputError
from conf.settings import Settings
from spark_jobs.common.audit.journal import account, actor, note
from spark_jobs.common.audit.records import Action
from spark_jobs.common.crypto import key_reference
from spark_jobs.common.session import engine_session
from spark_jobs.privacy.access.masks import masked

VAULT = "vault.pii"
SHOWN_OF_MARK, MARKS_IN_A_RECORD = 16, 100  # whose values were read, for those who hold the key


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
    ring = key_reference(settings).open()
    marks = [ring.mark(token)[:SHOWN_OF_MARK] for token in sorted(set(tokens))[:MARKS_IN_A_RECORD]]
    note(settings, Action.PII_READ, VAULT, purpose=purpose, role=role, for_actor=actor(), tokens=len(tokens), marks=marks)
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
    if role not in access.roles_of(account()):
        return ConfigError(
            f"this account may not act as {role}", [Finding("--role", "not allowed", "ask an admin: accounts in access.yml")]
        )
    if all(mask is Mask.NONE for mask in access.roles[role].vault.values()):
        return ConfigError(f"{role} may open nothing", [Finding("--role", "has no right to the vault", "ask somebody whose role has it")])
    return None


def check_may_open_files(settings: Settings, subject: str, purpose: str) -> None:
    """Whole deliveries and rejected rows hold everything of people: only for an account with a role that may open all of the vault.

    Raises:
        InputError: no purpose is given.
        ConfigError: no role of the account may.
    """
    access = load_access()
    if not purpose.strip():
        raise InputError("a purpose is needed", [Finding("--purpose", "is empty", "say what it is needed for; it goes into the audit log")])
    roles = [access.roles[name] for name in access.roles_of(account())]
    if not any(set(role.vault.values()) == {Mask.FULL} for role in roles):
        note(settings, Action.PII_REFUSED, subject, purpose=purpose, for_actor=actor())
        finding = Finding(account(), "has no role that sees the whole vault", "ask an admin: accounts in access.yml")
        raise ConfigError("this account may not open deliveries", [finding])
