"""The program `il6`."""

import sys

import typer


def main() -> None:
    """Run a command; `il6 serve` starts without those that import all the rest."""
    if sys.argv[1:2] == ["serve"]:
        from app.server import serve

        app = typer.Typer(pretty_exceptions_enable=False)
        app.callback()(lambda: None)
        app.command()(serve)
    else:
        from app.cli import app
    app(prog_name="il6")


if __name__ == "__main__":
    main()
