"""What must not be shown."""
