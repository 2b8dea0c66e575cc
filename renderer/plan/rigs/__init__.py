"""Rigs: what each named set-up of light puts around a subject."""
