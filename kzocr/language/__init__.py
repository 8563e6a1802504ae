"""What Kazakh looks like, without any model of OCR: words, letters in a row, running text, and what is no Kazakh."""
