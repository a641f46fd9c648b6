"""Engines that know nothing of Keras or HDF5: wiring, order, sizes."""
