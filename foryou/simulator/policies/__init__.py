"""Feeds to compare: each is a small class that is told what happens and says what to show."""
