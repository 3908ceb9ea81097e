"""A GPU: our training step and whole recipes on it, beside the times that the training guide gives for an RTX 3080."""
