"""Changes of the configuration: every file under conf and the overlay, by its hash, compared with what was last recorded."""

import hashlib
import json

from conf.settings import Settings, conf_dirs
from spark_jobs.common.audit.journal import audit_folder, note
from spark_jobs.common.audit.records import Action

SHOWN = 16  # hexadecimal digits of a hash


def note_configuration(settings: Settings) -> list[str]:
    """Record what changed since the last time; the names of the files.

    The first time everything is new and one record says which configuration the lake began with.
    """
    current = _hashes()
    file = audit_folder(settings) / "configuration.json"
    before: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if current == before:
        return []
    changed = sorted(name for name in current.keys() | before.keys() if current.get(name) != before.get(name))
    figures = {name: f"{before.get(name, 'none')} -> {current.get(name, 'none')}" for name in changed} if before else {}
    whole = hashlib.sha256(json.dumps(current, sort_keys=True).encode()).hexdigest()[:SHOWN]
    note(settings, Action.CONFIGURATION_CHANGED, "conf", files=figures, file_count=len(current), configuration=whole)
    draft = file.with_suffix(".part")
    draft.write_text(json.dumps(current, sort_keys=True), encoding="utf-8")
    draft.replace(file)
    return changed


def _hashes() -> dict[str, str]:
    """Hash of each file by its name, those of the overlay under `overlay/`."""
    return {
        f"{prefix}/{file.relative_to(folder).as_posix()}": hashlib.sha256(file.read_bytes()).hexdigest()[:SHOWN]
        for prefix, folder in zip(("conf", "overlay"), conf_dirs(), strict=False)
        for file in sorted(folder.rglob("*.yml"))
    }
