"""White balance in development."""
