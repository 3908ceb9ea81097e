"""The playground: a maze that the reader draws, and a trained network that solves it in the page, without Python."""
