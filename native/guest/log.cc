#include "log.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "report.h"

namespace ringside::guest {

namespace {

// Which lines of the kernel's log mark the border of a stage, see runtime/vm/milestones.ts.
constexpr const char* kLogMarks[] = {"Linux version ",         "tsc: Detected ", "Memory: ",
                                     "smpboot: ",              "smp: Brought up", "Unpacking initramfs",
                                     "Trying to unpack rootfs", "Freeing initrd memory", "Freeing unused kernel image",
                                     "Run /"};

}  // namespace

void reportLog() {
  int fd = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  uint64_t tieNs = clockNs();
  if (write(fd, "ringside-tie\n", 13) != 13) return;  // without the newline the kernel would wait for more of the line
  char record[1024];
  for (;;) {
    ssize_t count = read(fd, record, sizeof record - 1);
    if (count < 0 && errno == EPIPE) continue;  // overwritten while reading: go on with the next
    if (count <= 0) break;
    record[count] = '\0';
    // "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT\n"
    unsigned long long microseconds = 0;
    char* text = strchr(record, ';');
    if (text == nullptr || sscanf(record, "%*u,%*u,%llu", &microseconds) != 1) continue;
    text++;
    if (char* end = strchr(text, '\n')) *end = '\0';
    if (strcmp(text, "ringside-tie") == 0) {
      report(tieNs, "tie", "%llu", microseconds * 1000);
      continue;
    }
    for (const char* mark : kLogMarks) {
      if (strncmp(text, mark, strlen(mark)) == 0) {
        report(microseconds * 1000, "log", "%.200s", text);
        break;
      }
    }
  }
  close(fd);
}

}  // namespace ringside::guest
