"""What a model may know at a moment, labels, training, gates and scores."""
