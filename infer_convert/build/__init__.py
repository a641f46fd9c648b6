"""Plan -> Keras model with the file's numbers, verified. Only build/ and export/ import Keras.

``build_model`` -> ``assign`` -> ``verify``; each takes the plan and says no more than the plan does.
"""
