"""Noise of the sensor."""
