"""What the history of a training run shows, and what to try next. Imports the ground only, and no torch."""
