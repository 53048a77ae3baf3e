"""Bronze to silver: every source's rows on canonical entities, one row per key, late and duplicate rows settled."""
