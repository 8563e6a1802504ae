"""Whether a corrector can be left alone: with texts that nobody would print, with clean text, a second time."""
