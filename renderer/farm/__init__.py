"""Chunks of shots on worker processes: supervised, journalled, resumable."""
