"""What is done to a data directory from outside: backing it up, restoring it, verifying it."""
