"""An old Linux to run programs in: Debian 11 (glibc 2.31, the oldest that Debian's mirrors hold), unpacked from its
packages, nothing installed, on a kernel that answers as Linux 3.10 (old_kernel.py).

Its /etc/nsswitch.conf names modules that lie there, as on nodes with LDAP or sssd: a static program of a newer glibc
that loads them dies (SIGABRT), which is what the master must not do. /proc, /dev and the network are the machine's.

Everything mounted is in a mount namespace of the one command, and goes with it. Needs root (in a container:
CAP_SYS_ADMIN) or user namespaces.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Sequence

from dist import old_kernel
from hadoop.fetch import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tools/dist"))
import debs  # noqa: E402

SUITE = "bullseye"
ARCHIVE = "http://archive.debian.org/debian"  # where releases go that leave the mirrors
# the shell that containers and NodeManagers want, and the modules; apt adds what these need
PACKAGES = ["bash", "coreutils", "findutils", "grep", "hostname", "libc-bin", "libnss-ldapd",
            "libnss-mdns", "libnss-myhostname", "libnss-sss", "procps", "sed", "util-linux"]
NSSWITCH = """passwd: sss ldap files
group: sss ldap files
hosts: myhostname mdns4_minimal sss files dns
services: sss files
protocols: ldap files
networks: files
"""


class Userland:
    """A folder that looks like a machine. Made once for each list of packages and kept in `cache`."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self.root = cache / "root"

    def make(self) -> None:
        wanted = f"{SUITE}\n{PACKAGES}\n{NSSWITCH}"
        stamp = self._cache / "made"
        if not (stamp.exists() and stamp.read_text() == wanted):
            self._fill()
            stamp.write_text(wanted)
        tried = subprocess.run(self.command(["/bin/true"]), capture_output=True, text=True)
        if tried.returncode != 0:
            raise debs.Unavailable("no program starts in the old userland: this needs root with CAP_SYS_ADMIN, or "
                                   f"user namespaces (sysctl user.max_user_namespaces):\n{tried.stderr}")

    def _fill(self) -> None:
        shutil.rmtree(self._cache, ignore_errors=True)
        debs.unpack(self._download(), self.root)
        shutil.rmtree(self._cache / "apt")
        for folder in ("dev", "etc", "proc", "tmp", "root"):
            (self.root / folder).mkdir(exist_ok=True)
        (self.root / "etc/nsswitch.conf").write_text(NSSWITCH)
        (self.root / "etc/hosts").write_text(f"127.0.0.1 localhost {os.uname().nodename}\n")
        (self.root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
        (self.root / "etc/group").write_text("root:x:0:\n")

    def command(self, command: Sequence[object], shared: Sequence[Path] = ()) -> list[str]:
        """The command, in there. Folders of the machine in `shared` have the same path in there; it starts in the
        caller's folder if that is one of them."""
        mounts = [(path, f"{self.root}{path}") for path in (Path("/proc"), Path("/dev"), *shared)]
        for _, target in mounts:
            Path(target).mkdir(parents=True, exist_ok=True)
        script = "".join(f"mount --rbind {shlex.quote(str(source))} {shlex.quote(target)} && "
                         for source, target in mounts)
        inside = """cd "$0" 2>/dev/null || cd /; exec "$@\""""
        script += f'exec chroot {shlex.quote(str(self.root))} /bin/bash -c {shlex.quote(inside)} "$PWD" "$@"'
        own = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
        return [*self.kernel(), "/usr/bin/unshare", "--mount", *own, "/bin/sh", "-c", script, "sh", *map(str, command)]

    @staticmethod
    def kernel() -> list[str]:
        """What goes before a command that shall run on the old kernel."""
        return [sys.executable, old_kernel.__file__]

    def _download(self) -> list[Path]:
        apt = debs.Apt(self._cache / "apt", "amd64")
        said = []
        for mirror in [debs.indexes("$(REPO_URI)", "Codename: bookworm")[0], ARCHIVE]:
            try:
                apt.update([f"deb {mirror} {SUITE} main"])
                return apt.download(PACKAGES)
            except debs.Unavailable as error:
                said.append(str(error))
        raise debs.Unavailable(f"no mirror has Debian's {SUITE}:\n" + "\n".join(said))
