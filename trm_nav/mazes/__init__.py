"""Mazes and what an expert knows about them. Imports the ground only: settings, files, errors."""
