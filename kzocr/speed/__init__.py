"""How fast it is: decoding, whole documents and files, noise and training, each beside what others have."""
