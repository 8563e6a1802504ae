"""Words of an output that are in doubt: what else they could be, and which of these leaves the fewest errors."""
