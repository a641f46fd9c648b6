"""Python code that a file stores (Lambda layers): parsed and read as text, never unmarshalled by Python, never run.

``marshalled`` (bytes -> Code) -> ``instructions`` (Code -> instructions) -> ``reading`` (instructions -> one
expression). What an expression means as layers is ``configs/lambdas.py``'s matter.
"""
