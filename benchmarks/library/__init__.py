"""The generators of the reference library: builders of known architectures, written by us or calls of the libraries'
own, frozen into ``infer_convert/library/data``.

``python -m benchmarks.library.make`` regenerates everything (needs TensorFlow, Keras and tf_keras), ``--only FAMILY``
one family. Nothing here reads a benchmark: neither the zoo's generators nor the frozen applications, so that no
benchmark's truth can reach the library other than by being a known architecture itself.
"""
