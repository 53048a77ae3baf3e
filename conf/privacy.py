"""Settings of privacy: keys, the archive of deliveries, rights requests."""

from typing import Literal

from pydantic import Field

from conf.dialects import Part


class Archive(Part):
    """Delivered files after they were loaded: from `after_days` on they lie encrypted in the archive, after `keep_days` nowhere.

    Days count from the day on which a file became known. `after_days: null` leaves landing as it is.
    """

    after_days: int | None = Field(default=None, ge=0)
    keep_days: int = Field(default=365, ge=1)


class Requests(Part):
    """Rights requests: days until one must be answered, and how long an export lies there to be fetched."""

    due_days: int = Field(default=15, ge=1, le=90)
    keep_export_days: int = Field(default=30, ge=1)


class Privacy(Part):
    """Keys of personal data, and how long what holds it is kept.

    `suite` is that of new keys; a key that exists keeps its own. `key_command` prints the key of the id that stands for `{key_id}` in it, in hex or
    base64: the hook for a key management service. `suppress_tokens_days`: so long after an erasure a number or address of the erased person alone is
    left out of what is delivered; afterwards it may be somebody's again. `scan_skip` are folders of the lake's root that are not the platform's and that no scan looks into.
    """

    suite: Literal["aes-256-gcm", "sm4-gcm"] = "aes-256-gcm"
    key_command: str | None = None
    archive: Archive = Archive()
    requests: Requests = Requests()
    suppress_tokens_days: int = Field(default=90, ge=0)
    scan_skip: tuple[str, ...] = ()
