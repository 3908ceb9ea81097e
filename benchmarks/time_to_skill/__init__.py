"""Time to skill: seconds from the start of the process until 95%, 99% and 99.9% success, for recipes and rivals."""
