"""A colour filter array and its interpolation."""
