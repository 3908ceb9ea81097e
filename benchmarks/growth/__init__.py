"""How cost grows: seconds per epoch and memory, by mazes, grid size, dim, depth and recursions."""
