"""Where keys are: environment, a command, or a file; and the register of a lake, which says what each of its keys is for, without holding one."""

import base64
import binascii
import json
import logging
import os
import re
import shlex
import subprocess
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from conf.errors import ConfigError, Finding
from conf.settings import Settings
from spark_jobs.common.pii.normal import NORMAL_FORM_VERSION
from spark_jobs.common.suites import PARTS, Suite

log = logging.getLogger(__name__)

KEY_BYTES = 32
COMMAND_SECONDS = 30
FIRST_KEY = "k1"
FIRST_NORMAL_FORM = 1  # of a register that does not say it


@dataclass(frozen=True)
class KeyPlace:
    """One key without its secret: its id, its suite, its fingerprint, and where this machine finds it."""

    key_id: str
    suite: Suite
    fingerprint: str
    file: str
    command: str | None = None

    @property
    def variable(self) -> str:
        """The environment variable that holds it, when one does."""
        return variable_of(self.key_id)

    @property
    def where(self) -> str:
        """What gives it on this machine: the variable, the command or the file."""
        if self.variable in os.environ:
            return self.variable
        return "privacy.key_command" if self.command is not None else self.file

    def secret(self) -> bytes:
        """The key itself.

        Raises:
            ConfigError: it is not there, is no key, or is another one than the lake was written with.
        """
        found = find_secret(self.key_id, Path(self.file), self.command)
        if fingerprint(found, self.key_id, self.suite) != self.fingerprint:
            remedy = "put back the key that the lake was written with, and restart the engine after a change of keys: cdp engine down"
            finding = Finding(self.where, "this is not the key that the lake knows by this id", remedy)
            raise ConfigError(f"the PII key {self.key_id} is a different key", [finding])
        return found


@dataclass(frozen=True)
class Register:
    """The keys of a lake: which one makes tokens, which one encrypts, and all that something may still be encrypted with.

    `tokens_next` is the key whose tokens take the place of today's while that is under way: until it is done, nothing may make a token.
    `normal_form` is the oldest version of the normal form that tokens of the lake were made of.
    """

    tokens: str
    encryption: str
    keys: tuple[KeyPlace, ...]
    tokens_next: str | None = None
    normal_form: int = NORMAL_FORM_VERSION

    @property
    def has_old_forms(self) -> bool:
        """Whether tokens may be there that the normal form of today would not give."""
        return self.normal_form < NORMAL_FORM_VERSION

    def place(self, key_id: str) -> KeyPlace:
        """The key of this id; KeyError when there is none."""
        return {place.key_id: place for place in self.keys}[key_id]

    def next_id(self) -> str:
        """The id of the next key."""
        return f"k{max(int(place.key_id[1:]) for place in self.keys) + 1}"

    def with_new(self, place: KeyPlace) -> "Register":
        """The register after a rotation: tokens keep their key, everything is encrypted with the new one."""
        return replace(self, encryption=place.key_id, keys=(*self.keys, place))


def variable_of(key_id: str) -> str:
    """The environment variable for a key."""
    return f"CDP_KEYS__{key_id.upper()}"


def key_file(settings: Settings, key_id: str) -> Path:
    """The key file of the embedded default."""
    return settings.lake.keys / f"pii.{key_id}.key"


def register_file(settings: Settings) -> Path:
    """The register lies in the lake, not beside the keys: a lake knows its keys also where they are lost."""
    return settings.lake.warehouse / "vault" / "keyring.json"


def read_register(settings: Settings) -> Register | None:
    """The register of the lake; None before the first key.

    Raises:
        ConfigError: it was damaged.
    """
    file = register_file(settings)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        places = {
            key_id: KeyPlace(
                key_id, Suite(each["suite"]), each["fingerprint"], str(key_file(settings, key_id)), settings.privacy.key_command
            )
            for key_id, each in content["keys"].items()
        }
        following = places[content["tokens_next"]].key_id if content.get("tokens_next") else None
        form = int(content.get("normal_form", FIRST_NORMAL_FORM))
        return Register(places[content["tokens"]].key_id, places[content["encryption"]].key_id, tuple(places.values()), following, form)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
        finding = Finding(str(file), f"cannot be read ({type(err).__name__})", "restore it from a backup of the lake; it holds no secret")
        raise ConfigError("the register of the PII keys is damaged", [finding]) from None


def write_register(settings: Settings, register: Register) -> None:
    """Replace the register as a whole: a reader sees the old one or the new one."""
    file = register_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    keys = {place.key_id: {name: asdict(place)[name] for name in ("suite", "fingerprint")} for place in register.keys}
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as out:
        content = {
            "tokens": register.tokens,
            "encryption": register.encryption,
            "tokens_next": register.tokens_next,
            "normal_form": register.normal_form,
            "keys": keys,
        }
        out.write(json.dumps(content, indent=2) + "\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)


def register_of(settings: Settings) -> Register:
    """The register of the lake; at the first call with a key that is there already, or with a new key file and a warning.

    Raises:
        ConfigError: the key is malformed, its file can be read by others, or it is gone and the lake needs it.
    """
    register = read_register(settings)
    if register is None:
        place = new_place(settings, FIRST_KEY)
        register = Register(FIRST_KEY, FIRST_KEY, (place,))
        write_register(settings, register)
    return register


def new_place(settings: Settings, key_id: str) -> KeyPlace:
    """A key that the register does not have yet: the one that environment or command give for its id, else its file, which is made when missing.

    Raises:
        ConfigError: see `register_of`.
    """
    file, suite = key_file(settings, key_id), Suite(settings.privacy.suite)
    is_given = variable_of(key_id) in os.environ or settings.privacy.key_command is not None
    if key_id == FIRST_KEY:
        _refuse_when_needed(settings, file)
    elif not is_given and not file.exists() and variable_of(FIRST_KEY) in os.environ:
        remedy = f"set {variable_of(key_id)} too, for this process and the engine"
        raise ConfigError(
            "the new PII key is not there", [Finding(variable_of(key_id), "is not set, and earlier keys come from there", remedy)]
        )
    if not is_given and not file.exists() and generate(file):
        note = "back it up outside the lake: without it the vault cannot be read"
        log.warning("key_generated key_id=%s file=%s note=%r", key_id, file, note)
    secret = find_secret(key_id, file, settings.privacy.key_command)
    _refuse_known(settings, key_id, secret)
    return KeyPlace(key_id, suite, fingerprint(secret, key_id, suite), str(file), settings.privacy.key_command)


def derived(secret: bytes, key_id: str, suite: Suite, purpose: str) -> bytes:
    """The key for one purpose, of 32 bytes: a MAC of the purpose under the secret (as in SP 800-108, counter left out: one block is enough)."""
    return PARTS[suite].mac(secret, f"cdp/{key_id}/{purpose}".encode())


def fingerprint(secret: bytes, key_id: str, suite: Suite) -> str:
    """Tells two secrets apart without telling either."""
    return derived(secret, key_id, suite, "fingerprint").hex()[:16]


def find_secret(key_id: str, file: Path, command: str | None = None) -> bytes:
    """A key from the environment, else from the command, else from the file.

    Raises:
        ConfigError: it is not there or malformed; nothing of it is in the message.
    """
    value = os.environ.get(variable_of(key_id))
    if value is not None:
        return _decoded(value, variable_of(key_id))
    return _from_command(key_id, command) if command is not None else _from_file(key_id, file)


def _from_command(key_id: str, command: str) -> bytes:
    where = "privacy.key_command"
    try:
        arguments = [part.replace("{key_id}", key_id) for part in shlex.split(command)]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, stdin=subprocess.DEVNULL)
    except (OSError, ValueError, subprocess.TimeoutExpired) as err:
        problem = f"cannot be run ({type(err).__name__})"
        raise ConfigError("the PII key is not there", [Finding(where, problem, f"run it by hand for {key_id}")]) from None
    if done.returncode != 0:
        problem = f"ended with exit code {done.returncode} for {key_id}"
        raise ConfigError("the PII key is not there", [Finding(where, problem, "run it by hand and see what it says")])
    return _decoded(done.stdout, where)


def _from_file(key_id: str, file: Path) -> bytes:
    try:
        mode = file.stat().st_mode
        value = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as err:
        finding = Finding(str(file), f"cannot be read ({type(err).__name__})", f"restore the key file or set {variable_of(key_id)}")
        raise ConfigError("the PII key is not there", [finding]) from None
    if mode & 0o077:
        raise ConfigError("the PII key is not safe", [Finding(str(file), "other users can read it", f"chmod 600 {file}")])
    return _decoded(value, str(file))


def _decoded(value: str, where: str) -> bytes:
    text = value.strip()
    try:
        secret = bytes.fromhex(text) if re.fullmatch(r"[0-9a-fA-F]{64}", text) else base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        remedy = "restore it from its backup; a new one for a new lake: openssl rand -hex 32"
        raise ConfigError("the PII key is not valid", [Finding(where, f"is not {KEY_BYTES} bytes in hex or base64", remedy)])
    return secret


def _refuse_when_needed(settings: Settings, file: Path) -> None:
    """A first key beside old ciphertexts would make two tokens of one person: better to stop."""
    if any(any((settings.lake.warehouse / schema).glob("*/*.parquet")) for schema in ("vault", "quarantine")):
        register, remedy = register_file(settings), "restore it from a backup of the lake; it holds no secret"
        findings = [Finding(str(register), "is gone, and the lake holds values encrypted with the keys it names", remedy)]
        if variable_of(FIRST_KEY) not in os.environ and settings.privacy.key_command is None and not file.exists():
            remedy = f"restore the key file, or set {variable_of(FIRST_KEY)}"
            findings.append(Finding(str(file), "is gone too", remedy))
        raise ConfigError("the register of the PII keys is not there", findings)


def _refuse_known(settings: Settings, key_id: str, secret: bytes) -> None:
    """A new key must be another one than those that the lake has."""
    register = read_register(settings)
    for place in register.keys if register else ():
        if fingerprint(secret, place.key_id, place.suite) == place.fingerprint:
            problem, remedy = f"is the key {place.key_id} once more", "give another one; privacy.key_command has to look at {key_id}"
            raise ConfigError("the new PII key is no new one", [Finding(key_id, problem, remedy)])


def generate(file: Path) -> bool:
    """Make a key file; False when another process made it meanwhile."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(os.urandom(KEY_BYTES).hex() + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)  # never replaces a key that another process made meanwhile
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
