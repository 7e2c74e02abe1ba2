"""Where CTranslate2 finds the matrix products of CUDA 12: it looks for ``libcublas.so.12`` by that name alone."""

from collections.abc import Iterable
from pathlib import Path

NEEDED, NEXT = "libcublas.so.12", "libcublas.so.13"


def library_folders(roots: Iterable[Path], links: Path) -> tuple[list[Path], str]:
    """Return the folders to put into LD_LIBRARY_PATH for CTranslate2, and in words what is there.

    `roots` are searched for the libraries that torch's wheels bring (``nvidia/*/lib``). Where CUDA 13 alone is there,
    its library gets the older name in `links`: the calls that CTranslate2 makes are the same in both by their headers;
    nobody has run it so, and the comparison with transformers shows whether it computes the same. None: no folder.
    """
    present = [folder for root in roots for folder in sorted(root.glob("nvidia/*/lib"))]
    for folder in present:
        if (folder / NEEDED).is_file():
            return [folder], f"{NEEDED} of torch's wheels"
    for folder in present:
        if (folder / NEXT).is_file():
            links.mkdir(parents=True, exist_ok=True)
            for name in ("libcublas.so", "libcublasLt.so"):
                (links / f"{name}.12").symlink_to(folder / f"{name}.13")
            return [links, folder], f"{NEXT} of torch's wheels under the name {NEEDED}"
    return [], f"no {NEEDED} in torch's wheels: the system's, if there is one"
