"""The recovery benchmark: cases with known truth, scores, and outcomes kept in git.

Run ``python -m benchmarks --help``. Definitions of every score are in ``scores.py``; what counts as the same
architecture is in ``canonical.py``.
"""
