"""The register of models, conf/models.yml."""

from typing import Any


def load_models() -> dict[str, Any]:
    """Registered models by name."""
    return {}
