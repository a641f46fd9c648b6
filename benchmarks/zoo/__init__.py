"""The zoo: architectures of our own, in the mixed styles people really write.

``cases.CASES`` is the table of contents. The definitions are frozen before anything is tuned on them:
``benchmarks/frozen/zoo.json`` holds a digest of every case's truth and a test compares.
"""
