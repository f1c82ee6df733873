"""What every trainer uses: the optimizer, checkpoints, events, splits and configs."""
