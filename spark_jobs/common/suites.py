"""Cipher suites: how values become tokens and ciphertexts. AES-256-GCM with HMAC-SHA-256, or the Chinese SM4-GCM with HMAC-SM3."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

TAG_BYTES = 16


class Suite(StrEnum):
    """Names of the suites, as settings and key registers hold them."""

    AES = "aes-256-gcm"
    SM4 = "sm4-gcm"


class Aead(Protocol):
    """Authenticated encryption with associated data; ciphertexts end with their tag of 16 bytes."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Ciphertext and tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The plaintext; InvalidTag or ValueError when key, bytes or associated data are not those of `encrypt`."""


@dataclass(frozen=True)
class SuiteParts:
    """The functions of a suite."""

    mac: Callable[[bytes, bytes], bytes]
    keyed_mac: Callable[[bytes], Callable[[bytes], bytes]]
    aead: Callable[[bytes], Aead]


class _Sm4Gcm:
    """SM4 (GB/T 32907) in GCM; its key has 16 bytes."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key[:16])

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        encryptor = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        if len(data) < TAG_BYTES:
            raise InvalidTag
        decryptor = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-TAG_BYTES]) + decryptor.finalize()


def _hmac_sm3(key: bytes, message: bytes) -> bytes:
    mac = HMAC(key, hashes.SM3())
    mac.update(message)
    return mac.finalize()


def _keyed_hmac_sha256(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC-SHA-256 (RFC 2104) with the two padded blocks of the key hashed once, not once for every value."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(message: bytes) -> bytes:
        hashed = inner.copy()
        hashed.update(message)
        result = outer.copy()
        result.update(hashed.digest())
        return result.digest()

    return digest


def _keyed_hmac_sm3(key: bytes) -> Callable[[bytes], bytes]:
    empty = HMAC(key, hashes.SM3())

    def digest(message: bytes) -> bytes:
        mac = empty.copy()
        mac.update(message)
        return mac.finalize()

    return digest


PARTS = {
    Suite.AES: SuiteParts(partial(hmac.digest, digest="sha256"), _keyed_hmac_sha256, AESGCM),
    Suite.SM4: SuiteParts(_hmac_sm3, _keyed_hmac_sm3, _Sm4Gcm),
}
