"""Pages that run without Python: the diagnosis, the clinic, and what they share. Imports the diagnosis only."""
