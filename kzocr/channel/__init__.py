"""The noisy channel: what engines do to printed text, drawn per document, and how real pairs are made."""
