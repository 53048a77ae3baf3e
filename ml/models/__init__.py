"""Estimators, metrics, gates and the model registry."""
