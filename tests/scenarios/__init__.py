"""Stories through the real jobs."""
