"""Every figure of the course, one module for each subject."""
