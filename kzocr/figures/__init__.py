"""Numbers as pictures, tables and heat maps."""
