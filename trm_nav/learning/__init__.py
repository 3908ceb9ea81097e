"""The model, its loss, and how it is trained and saved. Imports mazes, settings, files and errors."""
