"""A package that adds a label kind, effects and a format to orbitset."""
