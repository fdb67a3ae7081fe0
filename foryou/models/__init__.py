"""Learners: the table of outcomes, and the models that predict them."""
