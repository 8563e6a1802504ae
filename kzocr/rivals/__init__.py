"""What kzocr is compared with: what a user would try before it, the classical corrector, and plain `generate`."""
