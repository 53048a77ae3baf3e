"""A model registry for the unit tests, beside the lake's own."""

from pathlib import Path

import pytest

from conf.settings import Mlflow, Settings
from ml.models.registry import ModelRegistry


@pytest.fixture(scope="session")
def registry_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the registry."""
    return tmp_path_factory.mktemp("unit_registry") / "mlflow.db"


@pytest.fixture
def own(settings: Settings, registry_file: Path) -> Settings:
    """Settings of the lake with that registry."""
    return settings.model_copy(update={"mlflow": Mlflow(tracking_uri=f"sqlite:///{registry_file}")})


@pytest.fixture
def registry(own: Settings) -> ModelRegistry:
    """The registry; made for each test, because MLflow remembers the address of the last one. Each test names its own model."""
    return ModelRegistry(own)
