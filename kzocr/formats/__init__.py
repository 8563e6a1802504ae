"""Files: read, correct in place, write."""
