"""The figures, widgets and checks of the lessons. May import every other package; no command imports it."""
