"""Plan -> Keras model with the file's numbers, verified. Only build/ and export/ import Keras."""
