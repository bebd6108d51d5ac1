"""The program `il6`."""

from app.cli import app


def main() -> None:
    app(prog_name="il6")


if __name__ == "__main__":
    main()
