"""Lines as they were printed: paragraphs made of them, and the words that their ends divide."""
