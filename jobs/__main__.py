"""The jobs, a line each: ``python -m jobs``; and ``radray NAME ...``, which is ``python -m jobs.NAME ...``."""

import ast
import importlib
import sys
from pathlib import Path

from radray.messages import line_of, shown

ORDER = ("demo", "prepare", "finetune", "generate", "evaluate", "query", "publish", "maintain", "submit")
"""As somebody meets them; a job that is not here comes last."""


def jobs() -> dict[str, str]:
    """Return the first sentence of each job's docstring, by its name; no job is imported."""
    names = [path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem != "cli"]
    names.sort(key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return {name: _first_line(Path(__file__).with_name(f"{name}.py")) for name in names}


def main() -> int:
    """List the jobs, or run the one that is named with the words that follow, and return the exit code."""
    called = "radray" if Path(sys.argv[0]).stem == "radray" else "python -m jobs"
    if not sys.argv[1:] or sys.argv[1] in ("-h", "--help"):
        sys.stdout.write(_listing(called))
        return 0
    name, *words = sys.argv[1:]
    if name not in jobs():
        sys.stderr.write(line_of(f"error: no job is called {shown(name)}; there are {', '.join(jobs())}") + "\n")
        return 2
    sys.argv = [f"radray {name}" if called == "radray" else name, *words]
    code: int = importlib.import_module(f"jobs.{name}").main()
    return code


def _listing(called: str) -> str:
    apart = " " if called == "radray" else "."
    usage = f"usage: {called}{apart}NAME [--config FILE]... [key=value]... [--dry-run]"
    listed = "".join(f"  {name:9} {line}\n" for name, line in jobs().items())
    more = f"{called}{apart}NAME --help lists the settings of a job; all of them: radray/settings/README.md"
    return f"{usage}\n\n{listed}\n{more}\n"


def _first_line(file: Path) -> str:
    doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return doc.splitlines()[0].replace("``", "`")


if __name__ == "__main__":
    sys.exit(main())
