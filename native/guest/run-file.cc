#include "run-file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

namespace ringside::guest {

namespace {

constexpr const char* kRunFile = "/ringside/run";
constexpr uint32_t kRunFileMagic = 0x32525352;  // "RSR2", little-endian
constexpr const char* kReading = "reading the run file";

[[noreturn]] void giveUpBadMessage() {
  errno = EBADMSG;
  giveUp(kReading);
}

// Reads little-endian lengths and the bytes that follow them. Strings are terminated in place: the writer puts a zero
// behind each.
struct Reader {
  char* at;
  char* end;

  uint32_t number() {
    uint32_t value = 0;
    if (end - at < 4) giveUpBadMessage();
    memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }
  char* string() {
    uint32_t length = number();
    if (static_cast<size_t>(end - at) < static_cast<size_t>(length) + 1) giveUpBadMessage();
    char* value = at;
    at += length + 1;
    return value;
  }
  char** strings() {
    uint32_t count = number();
    char** values = static_cast<char**>(calloc(static_cast<size_t>(count) + 1, sizeof(char*)));
    if (values == nullptr) giveUp(kReading);
    for (uint32_t i = 0; i < count; i++) values[i] = string();
    return values;
  }
};

Reader openReader() {
  int fd = open(kRunFile, O_RDONLY | O_CLOEXEC);
  if (fd < 0) giveUp("opening the run file");
  struct stat info{};
  if (fstat(fd, &info) != 0) giveUp(kReading);
  size_t size = static_cast<size_t>(info.st_size);
  char* bytes = static_cast<char*>(malloc(size + 1));
  if (bytes == nullptr) giveUp(kReading);
  for (size_t done = 0; done < size;) {
    ssize_t count = read(fd, bytes + done, size - done);
    if (count <= 0) giveUp(kReading);
    done += static_cast<size_t>(count);
  }
  close(fd);
  unlink(kRunFile);
  return Reader{bytes, bytes + size};
}

}  // namespace

Run readRun() {
  Reader reader = openReader();
  if (reader.number() != kRunFileMagic) giveUpBadMessage();
  Run run{};
  run.nonce = reader.string();
  run.hostname = reader.string();
  run.directory = reader.string();
  run.user = reader.number();
  run.group = reader.number();
  run.groupCount = reader.number();
  run.groups = static_cast<gid_t*>(calloc(run.groupCount + 1, sizeof(gid_t)));
  if (run.groups == nullptr) giveUp(kReading);
  for (size_t i = 0; i < run.groupCount; i++) run.groups[i] = reader.number();
  run.hasTerminal = reader.number();
  run.relaysInput = reader.number();
  run.reportsLog = reader.number();
  run.columns = reader.number();
  run.rows = reader.number();
  run.console = reader.string();
  run.reportsOnConsole = reader.number();
  run.modules = reader.strings();
  run.rootDevice = reader.string();
  run.rootType = reader.string();
  run.hasAgent = reader.number();
  run.hasNetwork = reader.number();
  run.prefixLength = reader.number();
  run.address = reader.string();
  run.gateway = reader.string();
  run.nameServer = reader.string();
  run.candidates = reader.strings();
  run.arguments = reader.strings();
  run.environment = reader.strings();
  return run;
}

}  // namespace ringside::guest
