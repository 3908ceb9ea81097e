"""The overfitting laboratory: an experiment, its presets, and the panel of sliders and buttons around it."""
