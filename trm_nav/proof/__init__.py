"""What can be proved about a trained model, and what to do where it cannot. Imports learning, mazes and errors."""
