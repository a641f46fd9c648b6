"""Known architectures, and how a file's layers compare with them.

``data/`` holds frozen structures that ``benchmarks/library`` builds; nothing here imports Keras. A match is evidence
with a weight: ``assemble/from_library`` turns it into drafts that must satisfy the file like any other.
"""
