"""A model fitted to someone's own OCR files, without ground truth: self-training through the noisy channel."""
