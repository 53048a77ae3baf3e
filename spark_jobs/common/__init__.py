"""What every Spark job shares: the session, the step runner, Delta verbs, errors and log events."""
