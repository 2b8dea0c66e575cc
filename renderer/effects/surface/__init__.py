"""What use and production make of an object's surfaces."""
