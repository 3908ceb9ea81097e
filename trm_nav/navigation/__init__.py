"""A trained model in use: plans, walks, and how well they go. Imports mazes, settings, files, memory and errors."""
