"""The certificate of an erasure: what went, what stays and why, what was looked for afterwards; signed, and without personal data."""

import base64
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from conf.errors import Finding, InputError
from conf.settings import Settings
from spark_jobs.common.audit.signing import is_signed, public_key, signing_key
from spark_jobs.privacy.erasure.work import erasures_folder


@dataclass(frozen=True)
class Certificate:
    """What an erasure did.

    Attributes:
        erasure_id: the batch.
        business_date: of the run.
        request_ids: the requests it answers.
        marks: HMAC of every erased customer key, for those who hold the key of tokens and want to check one.
        steps: what each step did, in figures.
        stays: what is kept and why, in sentences.
        scan: files, bytes, needles, findings and files that could not be looked into.
        is_complete: nothing was found, and nothing was left out.
    """

    erasure_id: str
    business_date: str
    request_ids: list[str]
    marks: list[str]
    steps: dict[str, dict[str, object]]
    stays: list[str]
    scan: dict[str, object]
    is_complete: bool
    path: Path = field(default=Path(), compare=False)

    def content(self) -> bytes:
        """What is signed."""
        values = {name: value for name, value in asdict(self).items() if name != "path"}
        return json.dumps(values, sort_keys=True, ensure_ascii=False).encode()


def write_certificate(settings: Settings, certificate: Certificate) -> Path:
    """Sign a certificate (Ed25519, with the key of the audit log) and write it."""
    file = erasures_folder(settings) / f"{certificate.erasure_id}.json"
    content = certificate.content()
    signature = base64.b64encode(signing_key(settings).sign(content)).decode()
    draft = file.with_name(f".{file.name}")
    draft.write_text(
        json.dumps({"certificate": json.loads(content), "signature": signature}, indent=2, ensure_ascii=False, sort_keys=True) + "\n",
        encoding="utf-8",
    )
    draft.replace(file)
    return file


def check_certificate(settings: Settings, file: Path, key: Path | None = None) -> Certificate:
    """Read a certificate and check its signature.

    Raises:
        InputError: it is no certificate, or was changed after it was signed.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        certificate = Certificate(**document["certificate"], path=file)
        signature = base64.b64decode(document["signature"], validate=True)
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError("this is no certificate", [Finding(str(file), type(err).__name__, "name a file of privacy/erasures")]) from None
    if not is_signed(public_key(settings, key), certificate.content(), signature):
        raise InputError(
            "the certificate was changed", [Finding(str(file), "its signature does not fit", "take the original from a backup")]
        )
    return certificate
