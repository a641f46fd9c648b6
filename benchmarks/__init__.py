"""Measurements over corpora that are not part of the repository."""
