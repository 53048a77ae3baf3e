"""Erasure: what is known of some customers leaves every layer, every file and every log, with a signed certificate."""
