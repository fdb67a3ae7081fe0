"""The vocabulary of the engine: numpy and the standard library only."""
