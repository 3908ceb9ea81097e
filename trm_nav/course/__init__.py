"""What the lessons draw and click. Imports every other package; no command imports it."""
