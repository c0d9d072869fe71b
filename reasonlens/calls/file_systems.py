"""What kind of disk a file lies on: SQLite's write-ahead log is not safe on one of the network."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["on_network"]

_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "lustre", "gpfs", "afs", "ceph"}
_MOUNTS = Path("/proc/mounts")


def on_network(path: Path) -> bool:
    """Tell whether a path lies on a network file system, as far as the system lists what is mounted."""
    try:
        mounts = _MOUNTS.read_text("utf-8").splitlines()
    except OSError:
        return False
    here, best, kind = str(path.parent.resolve()), "", ""
    for line in mounts:
        fields = line.split()
        at = fields[1].replace("\\040", " ") if len(fields) > 2 else ""
        if at and (here == at or here.startswith(at.rstrip(os.sep) + os.sep)) and len(at) >= len(best):
            best, kind = at, fields[2]
    return kind in _NETWORK
