"""Operators of TensorFlow Lite Micro's signal library, which are custom operators of a `.tflite` file."""
