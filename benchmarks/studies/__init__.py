"""Studies: measurements behind the lessons, the README and the guide for instructors. Each prints or saves its own."""
