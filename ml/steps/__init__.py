"""The steps of a night and of the weekly training, each with `run(ctx)`."""
