"""Who did what, when and why, in a log that shows when somebody has changed it."""
