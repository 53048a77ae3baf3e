"""The key that signs heads of the audit log: Ed25519 (RFC 8032), apart from the keys of personal data."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from conf.errors import ConfigError, Finding
from conf.settings import Settings


def _files(settings: Settings) -> tuple[Path, Path]:
    return settings.lake.keys / "audit.a1.key", settings.lake.root / "audit" / "audit.a1.pub"


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """The private key, made on first use (mode 0600) with its public half beside the heads.

    Raises:
        ConfigError: the file can be read by others, or is no key.
    """
    file, public = _files(settings)
    if not file.exists():
        key = Ed25519PrivateKey.generate()
        raw = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(raw)
        public.parent.mkdir(parents=True, exist_ok=True)
        public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    if file.stat().st_mode & 0o077:
        raise ConfigError("the key of the audit log is not safe", [Finding(str(file), "other users can read it", f"chmod 600 {file}")])
    try:
        found = serialization.load_pem_private_key(file.read_bytes(), None)
    except ValueError:
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise ConfigError("the key of the audit log is damaged", [Finding(str(file), "is no Ed25519 key", "restore it from its backup")])
    return found


def public_key(settings: Settings, file: Path | None = None) -> Ed25519PublicKey:
    """The public key: the given file (an auditor's own copy), else the one beside the heads.

    Raises:
        ConfigError: it is not there, or no key.
    """
    path = file or _files(settings)[1]
    try:
        found = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise ConfigError(
            "the public key of the audit log is missing", [Finding(str(path), "is no Ed25519 key", "name the auditor's copy with --key")]
        )
    return found


def is_signed(key: Ed25519PublicKey, content: bytes, signature: bytes) -> bool:
    """Whether the private half of `key` signed the content."""
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
