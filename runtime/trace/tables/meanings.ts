/**
 * What the common calls are for, one line each, after the NAME lines of their manual pages. A call that has a newer form
 * (open and openat, fork and clone) means the same as that.
 */
const MEANINGS = `
accept: takes the next connection that waits at a socket
access: asks whether this process may read, write or execute a file
alarm: asks for a signal after some seconds
arch_prctl: sets registers of this thread, such as the base of its own variables
bind: gives a socket its address
brk: moves the end of the heap, and so gets memory or gives it back
capget: reads what of root's power this thread has
capset: changes what of root's power this thread has
chdir: changes the working directory
chmod: changes who may do what with a file
chown: changes the owner of a file
chroot: makes another directory the root of all paths
clock_gettime: reads a clock
clock_nanosleep: sleeps until a clock says so
clone: makes a new process or thread
close: gives a descriptor back
connect: connects a socket to an address
dup: makes a second descriptor for the same open file
epoll_create: makes a list of descriptors to wait for
epoll_ctl: changes a list of descriptors to wait for
epoll_wait: waits until one of a list of descriptors is ready
eventfd: makes a descriptor that counts, to wake somebody
execve: becomes another program
exit: ends this thread
exit_group: ends this process, with all its threads
fallocate: reserves room for a file
fcntl: changes what a descriptor is like, or makes a copy of it
flock: locks an open file
fstat: asks what an open file is: its size, owner, kind
fsync: waits until a file is on the disk
ftruncate: cuts a file, or makes it longer
futex: waits for another thread at a lock, or wakes one there
getcwd: asks for the path of the working directory
getdents: reads the entries of a directory
getpid: asks for the number of this process
getppid: asks for the number of the parent
getpgrp: asks for the number of the process group
getrandom: gets random bytes from the kernel
getrlimit: asks for a limit
getrusage: asks how much time and memory was used
getsockname: asks for a socket's own address
getsockopt: asks for a setting of a socket
gettid: asks for the number of this thread
getuid: asks who this process runs as
ioctl: talks to a device in its own way
kill: sends a signal to a process
link: gives a file a second name
listen: lets a socket take connections
lseek: moves the place in an open file
lstat: asks what a file is, without following a link
madvise: says how memory will be used
membarrier: orders the memory accesses of all threads
memfd_create: makes a file that exists only in memory
mkdir: makes a directory
mknod: makes a device node, a pipe or a file
mmap: maps memory, from a file or empty
mount: puts a file system at a directory
mprotect: changes what may be done with memory: read, write, execute
mremap: moves or resizes mapped memory
munmap: gives mapped memory back
nanosleep: sleeps
open: opens a file and gets a descriptor for it
pause: sleeps until a signal comes
pidfd_open: opens a process, so that its number cannot come to mean another
pipe: makes a pipe: what is written into one end comes out of the other
pivot_root: swaps the root file system for another
poll: waits until one of some descriptors is ready
prctl: changes a property of this process
pread64: reads from a place in an open file
prlimit64: asks for a limit, or sets one
ptrace: watches or controls another process
pwrite64: writes to a place in an open file
read: reads from a descriptor
readlink: reads where a symbolic link points
readv: reads into several places at once
recvfrom: receives from a socket
rename: gives a file another name or place
restart_syscall: goes on with a call that a signal interrupted
rmdir: removes an empty directory
rseq: names the memory that tells a thread which processor it is on
rt_sigaction: says what a signal does
rt_sigprocmask: holds signals back, or lets them through
rt_sigreturn: returns from a signal's handler
rt_sigsuspend: waits for a signal
rt_sigtimedwait: takes a signal that waits
sched_getaffinity: asks on which processors this may run
sched_yield: lets another thread run
seccomp: restricts which calls are allowed from now on
select: waits until one of some descriptors is ready
sendfile: copies from one descriptor to another inside the kernel
sendto: sends through a socket
set_robust_list: names the locks to release if this thread dies
set_tid_address: names the memory to clear when this thread ends
setgroups: sets the further groups of this process
sethostname: sets the host's name
setitimer: sets a timer that sends a signal
setns: enters a namespace
setpgid: puts a process into a group
setresuid: changes who this process runs as
setsid: begins a session of its own, without a terminal
setsockopt: sets a setting of a socket
setuid: changes who this process runs as
shutdown: closes one direction of a connection
sigaltstack: names the stack for signal handlers
socket: makes an end for communication
socketpair: makes two connected sockets
splice: moves data between a pipe and a descriptor inside the kernel
stat: asks what a file is: its size, owner, kind
statfs: asks what a file system is: its kind, its free room
symlink: makes a symbolic link
sysinfo: asks how much memory there is and how long the machine runs
tgkill: sends a signal to a thread
times: asks how much processor time was used
umask: sets which permissions new files do not get
umount2: takes a file system away from its directory
uname: asks for the names of kernel and host
unlink: removes a name of a file
unshare: leaves a namespace for a new one
utimensat: sets the times of a file
vfork: makes a child that borrows this memory until it becomes another program
wait4: waits for a child to end
write: writes to a descriptor
writev: writes from several places at once
`;

/** Calls that mean what another one means. */
const SAME = `
accept4=accept access=access creat=open openat=open openat2=open dup2=dup dup3=dup epoll_create1=epoll_create
epoll_pwait=epoll_wait epoll_pwait2=epoll_wait eventfd2=eventfd execveat=execve faccessat=access faccessat2=access
fchdir=chdir fchmod=chmod fchmodat=chmod fchown=chown fchownat=chown lchown=chown fdatasync=fsync fork=clone clone3=clone
fstatfs=statfs getdents64=getdents getegid=getuid geteuid=getuid getgid=getuid getresuid=getuid getresgid=getuid
getgroups=getuid getpeername=getsockname linkat=link mkdirat=mkdir mknodat=mknod newfstatat=stat statx=stat pipe2=pipe
ppoll=poll pselect6=select readlinkat=readlink recvmsg=recvfrom renameat=rename renameat2=rename sendmsg=sendto
setgid=setuid setresgid=setresuid symlinkat=symlink tkill=tgkill truncate=ftruncate unlinkat=unlink waitid=wait4
setfsuid=setuid setfsgid=setuid getpgid=getpgrp gettimeofday=clock_gettime time=clock_gettime umount=umount2
`;

let table: ReadonlyMap<string, string> | undefined;

function read(): ReadonlyMap<string, string> {
  const meanings = new Map(
    MEANINGS.trim()
      .split("\n")
      .map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
  );
  for (const pair of SAME.trim().split(/\s+/)) {
    const [name = "", as = ""] = pair.split("=");
    meanings.set(name, meanings.get(as) ?? "");
  }
  return meanings;
}

/** @returns what the call is for, in one line; undefined for one that is rare */
export function meaningOf(name: string): string | undefined {
  table ??= read();
  return table.get(name);
}
