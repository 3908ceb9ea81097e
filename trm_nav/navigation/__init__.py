"""A trained model put to use: plans, walks, and how well they go. Imports mazes and the ground."""
