"""The built-in Python roadmap as data: one file for each level."""
