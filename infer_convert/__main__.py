"""``python -m infer_convert``."""

from infer_convert.cli import main

if __name__ == "__main__":
    main()
