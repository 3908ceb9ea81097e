"""Pages that run without Python: laboratory, atlas, clinic, trainer, diagnosis. Its Python exports what they need."""
