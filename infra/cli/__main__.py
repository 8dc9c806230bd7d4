"""Let `python -m infra.cli` be `parley`, if the folder was moved since it was installed."""

from infra.cli.main import main

if __name__ == "__main__":
    main()
