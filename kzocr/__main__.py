"""`python -m kzocr` is the `kzocr` command."""

from kzocr.cli import main

if __name__ == "__main__":
    main()
