"""What a whole text needs before a model sees it: lost letters and spaces, signs that stand for letters."""
