"""Build a large language model from nothing: the code of the book."""

__version__ = "0.1.0"
