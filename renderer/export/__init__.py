"""Datasets in other formats: what a format is, those that come with us, and how one is written."""
