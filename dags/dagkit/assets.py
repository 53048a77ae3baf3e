"""The assets the DAGs read and write: one per layer of the lake."""

from airflow.sdk import Asset

BRONZE = Asset(name="bronze", uri="cdp://lake/bronze", group="cdp")
SILVER = Asset(name="silver", uri="cdp://lake/silver", group="cdp")
IDENTITY = Asset(name="identity", uri="cdp://lake/identity", group="cdp")
MARTS = Asset(name="marts", uri="cdp://lake/gold_build", group="cdp")
FEATURES = Asset(name="features", uri="cdp://lake/features", group="cdp")
MODELS = Asset(name="models", uri="cdp://registry/models", group="cdp")
PREDICTIONS = Asset(name="predictions", uri="cdp://lake/predictions", group="cdp")
GOLD = Asset(name="gold", uri="cdp://lake/gold", group="cdp")
