"""A zip file that is the same, byte for byte, whenever and wherever the same files are put into it."""

import hashlib
import zipfile
from pathlib import Path

FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold; the real ones would make each archive another."""
READABLE = 0o100644
UNIX = 3


def write_archive(folder: Path, archive: Path) -> str:
    """Put `folder`'s files into `archive`. Returns the archive's SHA-256 in hexadecimal.

    Files are stored as they are: how deflate packs them depends on the zlib that a machine has.
    """
    names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    with zipfile.ZipFile(archive, "w") as target:
        for name in names:
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.create_system = UNIX
            entry.external_attr = READABLE << 16
            target.writestr(entry, (folder / name).read_bytes())
    return hashlib.sha256(archive.read_bytes()).hexdigest()
