/*
 * A hostile program inside of a container: `attack exes` and `attack fds` look at every other process (proc(5)) for what
 * a runtime must not show: a writable program, open descriptors. A second argument is how often to look; 0 is for ever.
 * `attack tiocsti` types into its standard input, `attack open` opens files until it cannot, 100,000 at most,
 * `attack fork` tries to be 512 processes. What it overwrites it overwrites with what was there.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define WHOLE_SEAL (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Asked of the descriptor, since the process may have become another program meanwhile. */
static void look_at_exe(const char* pid) {
  char path[64], link[256], first;
  snprintf(path, sizeof path, "/proc/%s/exe", pid);
  const int fd = open(path, O_RDONLY);
  if (fd < 0) return;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(path, link, sizeof link - 1);
  link[length < 0 ? 0 : length] = 0;
  if (strncmp(link, "/bin/", 5) != 0) {
    printf("met %s\n", link);
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & WHOLE_SEAL) != WHOLE_SEAL) printf("unsealed %s\n", link);
    const int writable = open(path, O_WRONLY);
    if (writable >= 0 && pread(fd, &first, 1, 0) == 1 && pwrite(writable, &first, 1, 0) == 1) printf("wrote %s\n", link);
    if (writable >= 0) close(writable);
  }
  close(fd);
}

static void look_at_fds(const char* pid) {
  char path[320], link[256];
  snprintf(path, sizeof path, "/proc/%s/fd", pid);
  DIR* fds = opendir(path);
  if (fds == NULL) return;
  for (const struct dirent* entry; (entry = readdir(fds)) != NULL;) {
    if (atoi(entry->d_name) <= 2) continue;
    snprintf(path, sizeof path, "/proc/%s/fd/%s", pid, entry->d_name);
    const ssize_t length = readlink(path, link, sizeof link - 1);
    if (length <= 0) continue;
    link[length] = 0;
    printf("sees %s\n", link);
  }
  closedir(fds);
}

static void look(void (*at)(const char*)) {
  DIR* proc = opendir("/proc");
  if (proc == NULL) return;
  for (const struct dirent* entry; (entry = readdir(proc)) != NULL;) {
    if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != getpid()) at(entry->d_name);
  }
  closedir(proc);
  fflush(stdout);
}

/* Everybody forks, as often as all together may; those that came to be wait for the end. */
static int bomb(void) {
  struct { _Atomic int tried, forked; }* counts =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (counts == MAP_FAILED) return 1;
  const pid_t first = getpid();
  while (counts->tried++ < 512) {
    if (fork() > 0) counts->forked++;
  }
  while (getpid() != first) pause();
  return printf("%d\n", counts->forked) < 0;
}

int main(int count, char** words) {
  if (count < 2) return 1;
  if (strcmp(words[1], "fork") == 0) return bomb();
  if (strcmp(words[1], "open") == 0) {
    int last = 0;
    for (int opened = 0; opened < 100000; opened++) {
      const int fd = open("/dev/null", O_RDONLY);
      if (fd < 0) return printf("the last was %d: %s\n", last, strerror(errno)) < 0;
      last = fd;
    }
    return puts("no end of it") < 0;
  }
  if (strcmp(words[1], "tiocsti") == 0) {
    for (const char* at = "canary\n"; *at != 0; at++) {
      if (ioctl(0, TIOCSTI, at) < 0) return printf("refused: %s\n", strerror(errno)) < 0;
    }
    return puts("typed") < 0;
  }
  void (*const at)(const char*) = strcmp(words[1], "exes") == 0 ? look_at_exe : look_at_fds;
  const long rounds = count > 2 ? atol(words[2]) : 1;
  for (long round = 0; rounds == 0 || round < rounds; round++) look(at);
  return puts("looked") < 0;
}
