"""Which version of each mart the views of gold show, noted beside the warehouse: `cdp status` reads it without an engine."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from conf.settings import Settings


def note_views(settings: Settings, versions: Mapping[str, int]) -> None:
    """Note the versions once every view shows them."""
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(dict(sorted(versions.items())), indent=1), encoding="utf-8")
    draft.replace(file)


def views_shown(settings: Settings) -> dict[str, int] | None:
    """Version by mart; None when no publication noted them."""
    try:
        return {str(name): int(version) for name, version in json.loads(_file(settings).read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return None


def _file(settings: Settings) -> Path:
    return settings.lake.metastore / "gold-views.json"
