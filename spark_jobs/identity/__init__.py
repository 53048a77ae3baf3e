"""Who is who: one customer for each person, over all sources."""
