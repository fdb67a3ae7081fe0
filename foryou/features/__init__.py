"""What is known, as views of the log."""
