"""The learned wave, measured: ten seeds on mazes of every size and kind, and the same without each of its parts."""
