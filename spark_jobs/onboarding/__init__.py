"""Mappings tried on real files before a run uses them: what would load, what would not, and what the entities would hold."""
