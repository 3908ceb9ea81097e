"""The overfitting laboratory: presets, one experiment, and the panel of sliders and buttons."""
