"""Exposure in development."""
