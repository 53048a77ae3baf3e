"""Point-in-time features: functions (frames, as_of dates) → frame, the same for training and scoring."""
