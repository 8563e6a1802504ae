"""Model folders: where one is, what lies in it, how it is written, and whether it is safe to load."""
