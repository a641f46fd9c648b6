"""Write a built model: SavedModel, .keras, Python source."""
