"""From what a model printed to the edits that are made: proposals, the guards that refuse some, passes over a text."""
