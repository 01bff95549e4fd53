"""Runs a program as Linux 3.10 would: system calls that came later answer ENOSYS.

    old_kernel.py PROGRAM ARGUMENT...

Linux 3.10 (RHEL 7) is the kernel below glibc 2.17. The filter goes on to all that the program starts. getrandom is
left: where it is missing OpenSSL reads /dev/urandom, but only if uname tells of a kernel before 4.8 (rand_unix.c,
wait_random_seeded), and what uname says no filter changes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

LAST_CALL = 313  # finit_module, the last one of x86-64 in 3.10; memfd_create, statx, clone3, openat2 came later
GETRANDOM = 318
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
# Of the BPF machine: BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGT|K, BPF_RET|K.
LOAD_NUMBER, IF_EQUAL, IF_GREATER, RETURN = 0x20, 0x15, 0x25, 0x06
ALLOW, FAIL_WITH = 0x7FFF0000, 0x00050000


def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def prctl(*arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"prctl{arguments[:1]}: {os.strerror(ctypes.get_errno())}")


def become_old() -> None:
    program = b"".join([
        instruction(LOAD_NUMBER, 0),
        instruction(IF_EQUAL, GETRANDOM, if_true=1),
        instruction(IF_GREATER, LAST_CALL, if_true=1),
        instruction(RETURN, ALLOW),
        instruction(RETURN, FAIL_WITH | errno.ENOSYS),
    ])
    code = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(filter_, len(filter_)))


if __name__ == "__main__":
    if platform.machine() != "x86_64":
        sys.exit("old_kernel.py: knows the system calls of x86-64 alone")
    become_old()
    os.execvp(sys.argv[1], sys.argv[1:])
