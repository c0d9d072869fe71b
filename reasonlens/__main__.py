"""``python -m reasonlens`` is ``reasonlens``."""

from reasonlens.cli import main

if __name__ == "__main__":
    main()
