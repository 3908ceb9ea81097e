"""Search for settings: many runs, on one machine or many, kept in a study of Optuna."""
