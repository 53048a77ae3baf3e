"""Personal values by kind: one spelling for all, whether they are possible, what of them may stay, and where they hide in texts."""
