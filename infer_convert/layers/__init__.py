"""One card per Keras layer class: which tensors it owns, what it does to ranks, channels and sizes."""
