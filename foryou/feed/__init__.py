"""The recipe of the For You feed, and what serves and explains it."""
