// Answers for a container's system calls (seccomp_unotify(2)): supervisor SOCKET ERRNO
// Listens at SOCKET, prints "ready", takes one listener with its state, prints the state, refuses every call that it is
// asked about with ERRNO, and ends when the container does.
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int receive(int socket) {
  static char text[65536];
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec part = {text, sizeof text - 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  const ssize_t count = recvmsg(socket, &message, 0);
  struct cmsghdr* rights = count > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  if (rights == NULL) return -1;
  text[count] = 0;
  printf("%s\n", text);
  int fd;
  memcpy(&fd, CMSG_DATA(rights), sizeof fd);
  return fd;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr*)&address, sizeof address) < 0 || listen(server, 1) < 0) return 3;
  printf("ready\n");
  fflush(stdout);
  const int listener = receive(accept(server, NULL, NULL));
  if (listener < 0) return 4;
  while (1) {
    struct pollfd source = {listener, POLLIN, 0};
    if (poll(&source, 1, 30000) <= 0 || (source.revents & POLLIN) == 0) break;
    struct seccomp_notif asked;
    memset(&asked, 0, sizeof asked);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0) continue;
    struct seccomp_notif_resp answer = {.id = asked.id, .error = -atoi(argv[2])};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  fflush(stdout);
  return 0;
}
