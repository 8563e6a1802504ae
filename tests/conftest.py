"""Settings of all tests: hypothesis does not time its examples, machines are of very different speed."""

from hypothesis import settings

settings.register_profile("kzocr", deadline=None)
settings.load_profile("kzocr")
