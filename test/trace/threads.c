/* A program for the tests of the tracer: two threads, a child that becomes another program, a child that a signal ends,
   a failing call, data in both directions. Everything happens in an order of its own, one after the other. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void *work(void *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char buffer[64];
  if (read(fd, buffer, sizeof buffer) < 0) return path;
  close(fd);
  return NULL;
}

static void onThread(const char *path) {
  pthread_t thread;
  void *result;
  pthread_create(&thread, NULL, work, (void *)path);
  pthread_join(thread, &result);
}

int main(int argc, char **argv) {
  int status, ends[2], pair[2];
  char buffer[8];
  onThread("/etc/hosts");
  onThread("/nonexistent/\"quoted\"\n\001\0017");
  if (pipe2(ends, O_CLOEXEC) < 0 || write(ends[1], "a\tb\0", 4) != 4 || read(ends[0], buffer, 8) != 4) return 1;
  if (fork() == 0) {
    execv(argc > 1 ? argv[1] : "/bin/true", (char *[]){"true", "with \"words\"", NULL});
    _exit(9);
  }
  wait(&status);
  if (fork() == 0) raise(SIGKILL);
  wait(&status);
  struct iovec parts[] = {{"one ", 4}, {"two\n", 4}};
  if (writev(2, parts, 2) < 0) return 1;
  struct sockaddr_un where = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return 1;
  connect(pair[0], (struct sockaddr *)&where, sizeof where);
  fcntl(pair[0], F_SETFL, O_NONBLOCK);
  fcntl(pair[0], F_GETFD);
  mkdir("/nonexistent/directory", 0750);
  open("/nonexistent/new", O_WRONLY | O_CREAT | O_EXCL | O_TRUNC, 0640);
  mprotect(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096, PROT_NONE);
  kill(getpid(), 0);
  unlink("/nonexistent/a");
  rename("/nonexistent/a", "/nonexistent/b");
  return 3;
}
