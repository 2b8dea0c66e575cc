"""Encodings, temperatures, luma and view transforms: what every room needs of colour, once."""
