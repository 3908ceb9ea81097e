"""The figures of the course, one module per subject."""
