"""The demo: a page in the browser where text is corrected; in Kazakh, Russian and English."""
