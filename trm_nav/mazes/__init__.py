"""Mazes, their encoding, and the expert that labels them. Imports only settings, files, memory and errors."""
