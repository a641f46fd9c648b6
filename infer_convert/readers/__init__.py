"""Read a weight file of any Keras generation into facts. Only this room imports h5py."""
