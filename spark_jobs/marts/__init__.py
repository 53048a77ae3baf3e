"""Builds the marts: runs the dbt project of `dbt/` on the engine. Business logic lives in the models, none of it here."""
