"""TensorFlow Lite Micro's own interpreter, from its wheels on PyPI, as the judge of what our kernels compute."""
