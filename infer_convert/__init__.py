"""Decompile Keras weight files: read, infer the architecture, rebuild, verify, export."""

__version__ = "0.1.0"
