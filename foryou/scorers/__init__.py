"""How good each candidate is."""
