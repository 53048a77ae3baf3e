"""Rights requests: what a person asks of us, by when it must be answered, and the answer."""
