/**
 * What the arguments of the common calls are, from their manual pages (section 2). One line a call: its name, then one
 * word an argument, and `= kind` where the result is not a plain number.
 *
 *   fd dirfd path int uint long ulong hex address octal signal pid uid     values
 *   data:N in:N     bytes that the call reads, argument N says how many     out: bytes that it filled, as many as it returned
 *   text            a text of the caller's                                  outtext: a text that it filled
 *   texts env       arrays of texts; of the environment only how many
 *   vec:N outvec:N  arrays of iovec, N of them                              sockaddr:N   an address of N bytes
 *   socktype        a kind of socket with its flags
 *   pair            two descriptors that it filled                          status       a wait status that it filled
 *   timespec        seconds and nanoseconds
 *   flags:T one:T   bits, or one value, of the table T of constants.ts      createmode:N shown where flags N can make a file
 *   bits:open       flags of open(2) where there is no way of opening in them
 *   fcntl futex     arguments that depend on the call's operation
 *
 * A call that is not here is shown with its six arguments as they are.
 */
export const SIGNATURES = `
accept fd address address
accept4 fd address address flags:sock
access path flags:access
alarm uint
arch_prctl one:arch_prctl address
bind fd sockaddr:2 uint
brk address = address
capget address address
capset address address
chdir path
chmod path octal
chown path uid uid
chroot path
clock_getres one:clock address
clock_gettime one:clock address
clock_nanosleep one:clock flags:timer timespec address
clone flags:clone address address address address
clone3 address ulong
close fd
close_range uint uint flags:close_range
connect fd sockaddr:2 uint
creat path octal
dup fd
dup2 fd fd
dup3 fd fd bits:open
epoll_create int
epoll_create1 flags:epoll
epoll_ctl fd one:epoll_ctl fd address
epoll_pwait fd address int int address ulong
epoll_wait fd address int int
eventfd2 uint flags:eventfd
execve path texts env
execveat dirfd path texts env flags:at
exit int
exit_group int
faccessat dirfd path flags:access
faccessat2 dirfd path flags:access flags:at
fadvise64 fd long long one:fadvise
fallocate fd hex long long
fchdir fd
fchmod fd octal
fchmodat dirfd path octal
fchown fd uid uid
fchownat dirfd path uid uid flags:at
fcntl fd one:fcntl fcntl = fcntl
fdatasync fd
flock fd flags:flock
fork
fstat fd address
fstatfs fd address
fsync fd
ftruncate fd long
futex address one:futex futex:2 futex:3 futex:4 futex:5
getcwd outtext ulong
getdents fd address ulong
getdents64 fd address ulong
getegid
geteuid
getgid
getgroups int address
getitimer int address
getpeername fd address address
getpgid pid
getpgrp
getpid
getppid
getpriority int int
getrandom out ulong flags:random
getresgid address address address
getresuid address address address
getrlimit one:rlimit address
getrusage int address
getsid pid
getsockname fd address address
getsockopt fd one:socket_level int address address
gettid
gettimeofday address address
getuid
ioctl fd one:ioctl address
kill pid signal
lchown path uid uid
link path path
linkat dirfd path dirfd path flags:at
listen fd int
lseek fd long one:seek
lstat path address
madvise address ulong one:madvise
membarrier int hex int
memfd_create path flags:memfd
mkdir path octal
mkdirat dirfd path octal
mknod path hex hex
mknodat dirfd path hex hex
mlock address ulong
mmap address ulong flags:prot flags:map fd hex = address
mount path path path flags:mount address
mprotect address ulong flags:prot
mremap address ulong ulong flags:mremap address = address
munmap address ulong
nanosleep timespec address
newfstatat dirfd path address flags:at
open path flags:open createmode:1
openat dirfd path flags:open createmode:2
openat2 dirfd path address ulong
pause
personality hex = hex
pidfd_open pid uint
pidfd_send_signal fd signal address uint
pipe pair
pipe2 pair bits:open
pivot_root path path
poll address uint int
ppoll address uint timespec address ulong
prctl one:prctl hex hex hex hex
pread64 fd out ulong long
prlimit64 pid one:rlimit address address
pselect6 int address address address timespec address
ptrace hex pid address address
pwrite64 fd data:2 ulong long
read fd out ulong
readlink path out ulong
readlinkat dirfd path out ulong
readv fd outvec:2 int
recvfrom fd out ulong flags:msg address address
recvmsg fd address flags:msg
rename path path
renameat dirfd path dirfd path
renameat2 dirfd path dirfd path flags:rename
restart_syscall
rmdir path
rseq address hex hex hex
rt_sigaction signal address address ulong
rt_sigpending address ulong
rt_sigprocmask one:sigmask address address ulong
rt_sigreturn
rt_sigsuspend address ulong
rt_sigtimedwait address address timespec ulong
sched_getaffinity pid ulong address
sched_setaffinity pid ulong address
sched_yield
seccomp one:seccomp hex address
select int address address address address
sendfile fd fd address ulong
sendmsg fd address flags:msg
sendto fd data:2 ulong flags:msg sockaddr:5 uint
set_robust_list address ulong
set_tid_address address
setfsgid uid
setfsuid uid
setgid uid
setgroups int address
sethostname data:1 ulong
setitimer int address address
setns fd flags:clone
setpgid pid pid
setresgid uid uid uid
setresuid uid uid uid
setsid
setsockopt fd one:socket_level int address uint
setuid uid
shutdown fd one:shutdown
sigaltstack address address
socket one:family socktype int
socketpair one:family socktype int pair
splice fd address fd address ulong uint
stat path address
statfs path address
statx dirfd path flags:at hex address
symlink path path
symlinkat path dirfd path
sync
sysinfo address
tgkill pid pid signal
timerfd_create one:clock flags:timerfd
timerfd_settime fd flags:timer address address
times address = hex
tkill pid signal
truncate path long
umask octal = octal
umount2 path flags:umount
uname address
unlink path
unlinkat dirfd path flags:at
unshare flags:clone
utimensat dirfd path address flags:at
vfork
wait4 pid status flags:wait address
waitid one:waitid pid address flags:wait address
write fd data:2 ulong
writev fd vec:2 int
`;
