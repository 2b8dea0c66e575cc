"""The label kinds that come with us, a file each."""
