"""What is true of the twin, beside what its systems say. Nothing of the platform reads it; `cdp evaluate` and tests do."""
