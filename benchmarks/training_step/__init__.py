"""The training step: samples per second and the share of the processor's rate, beside other ways to write the Mixer."""
