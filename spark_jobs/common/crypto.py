"""Tokens and encryption of personal values, with keys known only by name outside this module and `spark_jobs.common.keys`."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from cryptography.exceptions import InvalidTag

from conf.errors import ConfigError, Finding
from conf.settings import Settings
from spark_jobs.common.keys import (
    FIRST_KEY,
    KeyPlace,
    Register,
    derived,
    find_secret,
    fingerprint,
    generate,
    key_file,
    read_register,
    register_of,
)
from spark_jobs.common.pii.normal import normalise
from spark_jobs.common.pii.plain import normalised
from spark_jobs.common.suites import PARTS, Aead, Suite

NONCE_BYTES = 12


@dataclass(frozen=True)
class Key:
    """One secret and the keys derived from it: one for tokens, one for ciphertexts, one for their nonces, one for suppression marks."""

    key_id: str
    secret: bytes = field(repr=False)
    suite: Suite = Suite.AES

    def _for(self, purpose: str) -> bytes:
        return derived(self.secret, self.key_id, self.suite, purpose)

    def _mac(self, purpose: str) -> Callable[[bytes], bytes]:
        return PARTS[self.suite].keyed_mac(self._for(purpose))

    @cached_property
    def digest(self) -> Callable[[bytes], bytes]:
        """HMAC of a normalised value."""
        return self._mac("token")

    @cached_property
    def mark(self) -> Callable[[bytes], bytes]:
        """HMAC for lists of those who were erased: not the token, so that the list does not hold what was erased."""
        return self._mac("suppression")

    @cached_property
    def _nonce(self) -> Callable[[bytes], bytes]:
        return self._mac("nonce")

    @cached_property
    def _aead(self) -> Aead:
        return PARTS[self.suite].aead(self._for("encryption"))

    def encrypt(self, plaintext: bytes, bound_to: str) -> bytes:
        """Nonce + ciphertext + tag, with `bound_to` as associated data.

        The nonce is a keyed hash of the input, as in SIV modes (RFC 8452): a repeated run writes the same bytes, and a nonce is
        never used for two different inputs.
        """
        context = bound_to.encode()
        nonce = self._nonce(len(context).to_bytes(8, "big") + context + plaintext)[:NONCE_BYTES]
        return nonce + self._aead.encrypt(nonce, plaintext, context)

    def decrypt(self, ciphertext: bytes, bound_to: str) -> bytes | None:
        """The plaintext of `encrypt`; None when this key does not open it."""
        try:
            return self._aead.decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], bound_to.encode())
        except (InvalidTag, ValueError):
            return None


@dataclass(frozen=True)
class Keyring:
    """The opened keys of a lake. `country` is at home with phone numbers. Keys of earlier rotations are opened when a ciphertext needs one."""

    tokens: Key
    encryption: Key
    earlier: tuple[KeyPlace, ...] = ()
    country: str | None = None

    @classmethod
    def of(cls, key: Key, country: str | None = None) -> "Keyring":
        """A ring of one key."""
        return cls(key, key, country=country)

    @property
    def key_id(self) -> str:
        """Id of the key that encrypts."""
        return self.encryption.key_id

    def token(self, kind: str, value: str, order: str = "yMd") -> str:
        """`k1:<hex HMAC of the normalised value>`: equal for equal people's values, and useless without the secret."""
        return (
            f"{self.tokens.key_id}:{self.tokens.digest(normalise(kind, value, self.country, order).encode('utf-8', 'surrogatepass')).hex()}"
        )

    def tokens_of(self, kind: str, values: pa.Array, order: str = "yMd") -> list[str]:
        """`token` of every value of a string array without nulls."""
        prefix, digest = f"{self.tokens.key_id}:", self.tokens.digest
        return [prefix + digest(form.encode("utf-8", "surrogatepass")).hex() for form in normalised(kind, values, self.country, order)]

    def possible_tokens(self, kind: str, value: str, order: str = "yMd") -> list[str]:
        """The token of a value under every key of the lake: what was noted of somebody before tokens were made anew has an older one."""
        form = normalise(kind, value, self.country, order).encode("utf-8", "surrogatepass")
        keys = {key.key_id: key for key in (self.tokens, self.encryption, *self._earlier)}
        return [f"{key_id}:{key.digest(form).hex()}" for key_id, key in keys.items()]

    def mark(self, subject: str) -> str:
        """What stands for an erased token or customer key in the suppression list: under the first key of the lake, whichever makes tokens today."""
        first = self._earlier[-1] if self.earlier else self.encryption
        return first.mark(subject.encode()).hex()

    def encrypt(self, plaintext: bytes, bound_to: str) -> bytes:
        """The ciphertext under the key that encrypts; see `Key.encrypt`."""
        return self.encryption.encrypt(plaintext, bound_to)

    def decrypt(self, ciphertext: bytes, bound_to: str) -> bytes:
        """The plaintext of `encrypt`, under whichever key of the lake it was encrypted.

        Raises:
            ConfigError: no key of the lake opens it, or the bytes were changed, or belong to another place.
        """
        for key in (self.encryption, *self._earlier):
            plaintext = key.decrypt(ciphertext, bound_to)
            if plaintext is not None:
                return plaintext
        known = ", ".join([self.key_id, *(place.key_id for place in self.earlier)])
        finding = Finding(f"key {known}", "does not open this ciphertext", "use the key that was in force when the row was loaded")
        raise ConfigError("a ciphertext cannot be opened", [finding])

    @cached_property
    def _earlier(self) -> tuple[Key, ...]:
        return tuple(opened(place) for place in self.earlier)


@dataclass(frozen=True)
class KeyReference:
    """Where the keys are, without a key: this is what travels to Spark workers inside a plan."""

    tokens: KeyPlace
    encryption: KeyPlace
    earlier: tuple[KeyPlace, ...] = ()
    country: str | None = None

    @property
    def key_id(self) -> str:
        """Id of the key that encrypts."""
        return self.encryption.key_id

    def open(self) -> Keyring:
        """Read the keys from where this machine has them.

        Raises:
            ConfigError: one is not there or is another key than the one referred to.
        """
        tokens = opened(self.tokens)
        encryption = tokens if self.encryption == self.tokens else opened(self.encryption)
        return Keyring(tokens, encryption, self.earlier, self.country)


def opened(place: KeyPlace) -> Key:
    """The key at a place.

    Raises:
        ConfigError: it is not there, or is another key.
    """
    return Key(place.key_id, place.secret(), place.suite)


def key_reference(settings: Settings, *, register: Register | None = None) -> KeyReference:
    """The reference to this lake's keys; generates a key file on first use and warns about it.

    Args:
        settings: where the lake is.
        register: another register than the lake's, for who is changing it.

    Raises:
        ConfigError: a key is malformed, its file can be read by others, it is another key than the lake's, it is gone and the lake needs it,
            or some tokens of the lake have one key already and some another.
    """
    if register is None:
        register = register_of(settings)
        if register.tokens_next is not None:
            finding = Finding(register.tokens_next, "tokens are being made anew with this key", "cdp keys retokenise --resume")
            raise ConfigError("the lake has tokens of two keys", [finding])
    tokens, encryption = register.place(register.tokens), register.place(register.encryption)
    tokens.secret(), encryption.secret()  # better now than in the middle of a load
    earlier = tuple(place for place in reversed(register.keys) if place.key_id != encryption.key_id)
    return KeyReference(tokens, encryption, earlier, settings.retailer.country_code)


@contextmanager
def trial_key(settings: Settings) -> Iterator[KeyReference]:
    """The reference to this lake's keys, or to one that is thrown away when there is none yet: a trial makes no key."""
    if read_register(settings) is not None or key_file(settings, FIRST_KEY).exists():
        yield key_reference(settings)
        return
    with TemporaryDirectory(prefix="cdp-key-") as folder:
        file = Path(folder) / key_file(settings, FIRST_KEY).name
        generate(file)
        suite = Suite(settings.privacy.suite)
        place = KeyPlace("k0", suite, fingerprint(find_secret("k0", file), "k0", suite), str(file))
        yield KeyReference(place, place, (), settings.retailer.country_code)


def file_hash(file: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
