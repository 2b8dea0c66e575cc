"""Parts, merge, manifest, validation, statistics, overlays and the report of a dataset."""
