"""How `make site` makes the book: what it gathers, what Sphinx is told beyond its settings, and what is checked."""
