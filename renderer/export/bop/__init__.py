"""BOP: scenes with masks, depth and poses, and the models they are of."""
