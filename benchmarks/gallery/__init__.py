"""The gallery: nets in the style of public examples, written from memory and frozen before the engine saw them.

Not generated and not varied: each is one function in the code, sizes made small. ``cases.py`` lists them.
"""
