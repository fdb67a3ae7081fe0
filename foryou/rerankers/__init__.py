"""What is shown, and in which order."""
