"""From the log to a better model."""
