"""Write a built model: SavedModel, .keras, Python source. ``exporters.EXPORTERS`` is the table of contents."""
