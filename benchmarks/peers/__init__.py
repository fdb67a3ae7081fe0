"""Other people's ways to do what the engine does, measured beside it. They need the extra `peers`."""
