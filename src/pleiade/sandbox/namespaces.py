"""A view of the machine with nothing in it: Linux namespaces by their system calls (namespaces(7), pivot_root(2)).

In the new world there are no network, no other processes, no /proc, no programs and no files but Python's standard
library, read-only, and a small scratch folder in memory. Nothing here needs privileges where the kernel lets users make
namespaces; as root, the code is run as nobody.
"""

import ctypes
import os
import sysconfig
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 0x1, 0x2, 0x4, 0x8, 0x20
MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 0x400, 0x800, 0x1000, 0x4000, 0x40000, 0x200000
# Flags that a mount keeps when an unprivileged user binds it anew, as statvfs tells them.
KEPT_FLAGS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME
ST_RELATIME = 0x1000
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
LINUX_CAPABILITY_VERSION_3 = 0x20080522
SIGKILL = 9
NOBODY = 65534
HOSTILE_ID = 1  # user and group inside, where the outside is root


class Kernel:
    """The few system calls that Python lacks; each raises OSError that names the call."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._pivot_root_number = {"x86_64": 155, "aarch64": 41, "riscv64": 41}.get(os.uname().machine)

    def unshare(self, flags: int) -> None:
        """Leave the namespaces of `flags` for new ones."""
        self._check("unshare", self._libc.unshare(ctypes.c_int(flags)))

    def mount(self, source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
        """mount(2)."""
        encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
        done = self._libc.mount(*encoded, ctypes.c_ulong(flags), os.fsencode(data))
        self._check(f"mount on {target}", done)

    def pivot_root(self, new: str, old: str) -> None:
        """pivot_root(2)."""
        if self._pivot_root_number is None:
            raise OSError(f"pivot_root is not known on {os.uname().machine}")
        number = ctypes.c_long(self._pivot_root_number)
        self._check("pivot_root", self._libc.syscall(number, os.fsencode(new), os.fsencode(old)))

    def unmount(self, target: str) -> None:
        """Take a mount away, with all below it."""
        self._check(f"umount {target}", self._libc.umount2(os.fsencode(target), MNT_DETACH))

    def control(self, option: int, argument: int) -> None:
        """prctl(2)."""
        done = self._libc.prctl(option, *(ctypes.c_ulong(value) for value in (argument, 0, 0, 0)))
        self._check(f"prctl {option}", done)

    def drop_capabilities(self) -> None:
        """Give up every capability, for good and for all that is started later."""
        self.control(PR_SET_NO_NEW_PRIVS, 1)
        self.control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
        for capability in range(64):
            try:
                self.control(PR_CAPBSET_DROP, capability)
            except OSError:  # the first number that this kernel does not know
                break
        header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
        self._check("capset", self._libc.capset(header, (ctypes.c_uint32 * 6)()))

    def _check(self, call: str, result: int) -> None:
        if result == -1:
            number = ctypes.get_errno()
            raise OSError(number, f"{call}: {os.strerror(number)}")


def die_with_parent(kernel: Kernel) -> None:
    """Whoever started this process: if it ends, however it ends, this process ends too."""
    kernel.control(PR_SET_PDEATHSIG, SIGKILL)


def new_world(kernel: Kernel) -> bool:
    """Put the calling process into new namespaces, as their root; its next child is process 1 of them.

    Returns whether a second user exists inside (`HOSTILE_ID`, nobody outside): so where the caller is the machine's
    root, because root itself is bound by no process limit. Raises OSError where the kernel or its policy refuses.
    """
    flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    user, group = os.geteuid(), os.getegid()
    if user != 0:
        kernel.unshare(flags)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        return False
    # Only a process that stayed outside may map two users.
    inner, mapper = os.pipe(), os.getpid()
    child = os.fork()
    if child == 0:
        os.close(inner[1])
        os.read(inner[0], 1)
        for which in ("uid_map", "gid_map"):
            Path(f"/proc/{mapper}/{which}").write_text(f"0 0 1\n{HOSTILE_ID} {NOBODY} 1\n")
        os._exit(0)
    os.close(inner[0])
    kernel.unshare(flags)
    os.close(inner[1])
    if os.waitpid(child, 0)[1] != 0:
        raise OSError("the users of the new namespace could not be mapped")
    return True


def empty_root(kernel: Kernel, scratch_bytes: int) -> None:
    """Leave the machine's files for an empty root with the standard library, /dev/null and a scratch /tmp.

    To be called once, by process 1 of the new world, while it has its capabilities.
    """
    # Namespaces inside these would give capabilities back.
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    for setting in ("shmall", "shmmni"):  # shared memory outlives its process and is bound by nothing else
        try:
            Path(f"/proc/sys/kernel/{setting}").write_text("0")
        except OSError:  # kernels before 5.19 keep this for the machine's root
            continue
    library = sysconfig.get_path("stdlib")
    source = os.path.realpath(library)
    kernel.mount(None, "/", None, MS_REC | MS_PRIVATE)
    kernel.mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=755")
    os.makedirs("/tmp/old")
    os.makedirs("/tmp/new")
    kernel.pivot_root("/tmp", "/tmp/old")
    os.chdir("/")
    kernel.mount("none", "/new", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=755")
    _bind(kernel, "/old" + source, "/new" + library)
    for packages in ("site-packages", "dist-packages"):
        if os.path.isdir(f"/new{library}/{packages}"):
            kernel.mount("none", f"/new{library}/{packages}", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k")
    os.makedirs("/new/dev")
    Path("/new/dev/null").touch()
    kernel.mount("/old/dev/null", "/new/dev/null", None, MS_BIND)
    os.makedirs("/new/tmp")
    scratch = f"size={scratch_bytes},nr_inodes=256,mode=1777"
    kernel.mount("none", "/new/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, scratch)
    kernel.mount(None, "/new", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    os.chdir("/new")
    kernel.pivot_root(".", ".")  # the old root now lies on the new one
    kernel.unmount(".")
    os.chdir("/tmp")


def become_nobody(kernel: Kernel, second_user: bool) -> None:
    """The last step before hostile code: another user where there is one, and no capabilities.

    An unprivileged caller has one user to map: then the kernel itself keeps signals from process 1, and what may read
    its memory is a capability.
    """
    if Path("/proc").exists():
        raise OSError("the machine's files are still in sight")
    if second_user:
        os.setgroups([])
        os.setresgid(HOSTILE_ID, HOSTILE_ID, HOSTILE_ID)
        os.setresuid(HOSTILE_ID, HOSTILE_ID, HOSTILE_ID)
    kernel.drop_capabilities()


def _bind(kernel: Kernel, source: str, target: str) -> None:
    os.makedirs(target)
    kernel.mount(source, target, None, MS_BIND | MS_REC)
    told = os.statvfs(target).f_flag
    kept = (told & KEPT_FLAGS) | (MS_RELATIME if told & ST_RELATIME else 0)
    kernel.mount(None, target, None, kept | MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
