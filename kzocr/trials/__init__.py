"""Whether a corrector can be left alone: with texts that nobody would print, with clean text, a second time.

And how often it is right before its model sees a text.
"""
