"""Pages that run without Python: laboratory, clinic, trainer and diagnosis. Its Python exports what they need."""
