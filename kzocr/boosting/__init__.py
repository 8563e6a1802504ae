"""Boosted trees: what they say of rows of numbers, and how they are fitted."""
