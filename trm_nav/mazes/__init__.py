"""Mazes, their encoding, and the expert that labels them. Imports only settings, files and errors."""
