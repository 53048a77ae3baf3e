"""Keys, tokens and encryption: HMAC-SHA-256 tokens and AES-256-GCM ciphertexts, with the key known only by name outside this module."""

import base64
import binascii
import hashlib
import hmac
import logging
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from conf.errors import ConfigError, Finding
from conf.settings import Settings
from spark_jobs.common.phones import international

log = logging.getLogger(__name__)

KEY_ID = "k1"
KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True)
class Keyring:
    """One secret and the keys derived from it: one for tokens, one for the vault, one for the nonces. `country` is at home with phone numbers."""

    key_id: str
    secret: bytes = field(repr=False)
    country: str | None = None

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(self.secret, f"cdp/{self.key_id}/{purpose}".encode(), "sha256")

    @cached_property
    def _token_key(self) -> bytes:
        return self._derived("token")

    @cached_property
    def _nonce_key(self) -> bytes:
        return self._derived("nonce")

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._derived("encryption"))

    @property
    def fingerprint(self) -> str:
        """Tells two secrets apart without telling either."""
        return self._derived("fingerprint").hex()[:16]

    def token(self, kind: str, value: str) -> str:
        """`k1:<hex HMAC-SHA-256 of the normalised value>`: equal for equal people's values, and useless without the secret."""
        return f"{self.key_id}:{hmac.digest(self._token_key, normalise(kind, value, self.country).encode(), 'sha256').hex()}"

    def encrypt(self, plaintext: bytes, bound_to: str) -> bytes:
        """Nonce + AES-256-GCM ciphertext with `bound_to` as associated data.

        The nonce is a keyed hash of the input, as in SIV modes: a repeated run writes the same bytes, and a nonce is
        never used for two different inputs.
        """
        context = bound_to.encode()
        nonce = hmac.digest(self._nonce_key, len(context).to_bytes(8, "big") + context + plaintext, "sha256")[:NONCE_BYTES]
        return nonce + self._cipher.encrypt(nonce, plaintext, context)

    def decrypt(self, ciphertext: bytes, bound_to: str) -> bytes:
        """The plaintext of `encrypt`.

        Raises:
            ConfigError: the key is not the one it was encrypted with, or the bytes were changed.
        """
        try:
            return self._cipher.decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], bound_to.encode())
        except (InvalidTag, ValueError):
            finding = Finding(
                f"key {self.key_id}", "does not open this ciphertext", "use the key that was in force when the row was loaded"
            )
            raise ConfigError("a ciphertext cannot be opened", [finding]) from None


@dataclass(frozen=True)
class KeyReference:
    """Where a key is, without the key: this is what travels to Spark workers inside a plan."""

    key_id: str
    file: str
    fingerprint: str
    country: str | None = None

    def open(self) -> Keyring:
        """Read the key from the environment or the key file of this machine.

        Raises:
            ConfigError: it is not there or is another key than the one referred to.
        """
        ring = _from_environment(self.key_id) or _from_file(self.key_id, Path(self.file))
        if ring.fingerprint != self.fingerprint:
            finding = Finding(
                _variable(self.key_id), "the engine and this command hold different keys", "restart the engine: cdp engine down"
            )
            raise ConfigError("the PII key differs", [finding])
        return replace(ring, country=self.country)


def key_reference(settings: Settings) -> KeyReference:
    """The reference to this installation's key; generates a key file on first use and warns about it.

    Raises:
        ConfigError: the key is malformed, its file can be read by others, or it is gone and the lake needs it.
    """
    file = _key_file(settings)
    ring = _from_environment(KEY_ID)
    if ring is None:
        if not file.exists():
            _refuse_when_needed(settings, file)
            if _generate(file):
                note = "back it up outside the lake: without it the vault cannot be read"
                log.warning("key_generated key_id=%s file=%s note=%r", KEY_ID, file, note)
        ring = _from_file(KEY_ID, file)
    return KeyReference(KEY_ID, str(file), ring.fingerprint, settings.retailer.country_code)


@contextmanager
def trial_key(settings: Settings) -> Iterator[KeyReference]:
    """The reference to this installation's key, or to one that is thrown away when there is none yet: a trial makes no key."""
    if _variable(KEY_ID) in os.environ or _key_file(settings).exists():
        yield key_reference(settings)
        return
    with TemporaryDirectory(prefix="cdp-key-") as folder:
        file = Path(folder) / _key_file(settings).name
        _generate(file)
        yield KeyReference(KEY_ID, str(file), _from_file(KEY_ID, file).fingerprint)


def normalise(kind: str, value: str, country: str | None = None) -> str:
    """The form of a PII value in which two spellings of the same thing are equal.

    With a country (ISO 3166) phone numbers are compared in international form, else by their digits.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    if kind == "phone":
        if country and (number := international(text, country)):
            return number
        digits = re.sub(r"\D", "", text)
        is_international = re.match(r"\D*\+", text) is not None or digits.startswith("00")
        return f"+{digits.removeprefix('00')}" if is_international else digits
    if kind in ("national_id", "plate"):
        return re.sub(r"[\s-]", "", text).upper()
    return re.sub(r"\s+", " ", text).casefold()


def _key_file(settings: Settings) -> Path:
    return settings.lake.keys / f"pii.{KEY_ID}.key"


def _variable(key_id: str) -> str:
    return f"CDP_KEYS__{key_id.upper()}"


def _from_environment(key_id: str) -> Keyring | None:
    value = os.environ.get(_variable(key_id))
    return None if value is None else Keyring(key_id, _decoded(value, _variable(key_id)))


def _from_file(key_id: str, file: Path) -> Keyring:
    try:
        mode = file.stat().st_mode
        value = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as err:
        finding = Finding(str(file), f"cannot be read ({type(err).__name__})", f"restore the key file or set {_variable(key_id)}")
        raise ConfigError("the PII key is not there", [finding]) from None
    if mode & 0o077:
        raise ConfigError("the PII key is not safe", [Finding(str(file), "other users can read it", f"chmod 600 {file}")])
    return Keyring(key_id, _decoded(value, str(file)))


def _decoded(value: str, where: str) -> bytes:
    text = value.strip()
    try:
        secret = bytes.fromhex(text) if re.fullmatch(r"[0-9a-fA-F]{64}", text) else base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        finding = Finding(where, f"is not {KEY_BYTES} bytes in hex or base64", "make one with: openssl rand -hex 32")
        raise ConfigError("the PII key is not valid", [finding])
    return secret


def _refuse_when_needed(settings: Settings, file: Path) -> None:
    """A new key beside old ciphertexts would make two tokens of one person: better to stop."""
    if any(any((settings.lake.warehouse / schema).glob("*/*.parquet")) for schema in ("vault", "quarantine")):
        finding = Finding(
            str(file), "is gone, and the lake holds values encrypted with it", f"restore the key file, or set {_variable(KEY_ID)}"
        )
        raise ConfigError("the PII key is not there", [finding])


def _generate(file: Path) -> bool:
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


def file_hash(file: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
