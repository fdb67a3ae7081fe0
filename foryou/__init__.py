"""ForYou: an open, complete "For You" engine for short video."""

__version__ = "0.1.0"
