"""One window through a model: packed forward passes, drafts of the output, and what was printed, back in characters."""
