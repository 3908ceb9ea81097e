"""Other ways to label mazes, each written as well as its library allows.

A search for whole mazes takes walls bool (N, n, n) and goals int64 (N, 2) and returns what `expert.optimal_actions`
does: uint8 (N, n, n), where bit a is set if action a lies on a shortest path. A search per start also takes starts
int64 (N, 2). It finds one path for each maze and returns the path's steps, int64 (N,), and its first action,
uint8 (N,): the label of one cell.
"""
