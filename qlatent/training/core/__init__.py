"""Parts that all trainers share: the optimizer, checkpoints, events, splits and configs."""
