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
from typing import Any, Sequence

from dist import old_kernel

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


class Unavailable(RuntimeError):
    """The packages cannot be had, or this machine lets us make no namespace."""


def run(*command: object, **options: Any) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(map(str, command))}:\n{done.stderr}")
    return done.stdout


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
            raise Unavailable("no program starts in the old userland: this needs root with CAP_SYS_ADMIN, or user "
                              f"namespaces (sysctl user.max_user_namespaces):\n{tried.stderr}")

    def _fill(self) -> None:
        shutil.rmtree(self._cache, ignore_errors=True)
        self._unpack(self._download())
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

    def _unpack(self, debs: Sequence[Path]) -> None:
        for folder in ("bin", "lib", "lib64", "sbin"):  # as installed machines have it
            (self.root / "usr" / folder).mkdir(parents=True)
            (self.root / folder).symlink_to(f"usr/{folder}")
        for deb in debs:
            run("/bin/sh", "-c", 'dpkg-deb --fsys-tarfile "$1" | tar -C "$2" -x --keep-directory-symlink', "sh", deb,
                self.root)
        shutil.rmtree(self._cache / "apt")

    def _download(self) -> list[Path]:
        """Through apt, which checks signatures, with lists and a (clean) record of installed packages of its own."""
        apt = self._cache / "apt"
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (apt / folder).mkdir(parents=True)
        mirrors = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian",
                      "Codename: bookworm").split()
        (apt / "status").write_text("")
        (apt / "apt.conf").write_text(f"""
Dir::State "{apt}/state";
Dir::State::status "{apt}/status";
Dir::Cache "{apt}/cache";
Dir::Etc::sourcelist "{apt}/sources.list";
Dir::Etc::sourceparts "/nonexistent";
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
Debug::NoLocking "true";
Acquire::Languages "none";
""")
        environment = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
        self._update([*mirrors[:1], ARCHIVE], apt / "sources.list", environment)
        run("apt-get", "install", "-qq", "--download-only", "--yes", *PACKAGES, env=environment)
        return sorted((apt / "cache/archives").glob("*.deb"))

    @staticmethod
    def _update(mirrors: Sequence[str], sources: Path, environment: dict[str, str]) -> None:
        """Takes the lists of the first mirror that has them."""
        said = []
        for mirror in mirrors:
            sources.write_text(f"deb {mirror} {SUITE} main\n")
            try:
                run("apt-get", "update", "-qq", env=environment)
                return
            except Unavailable as error:
                said.append(str(error))
        raise Unavailable(f"no mirror has Debian's {SUITE}:\n" + "\n".join(said))
