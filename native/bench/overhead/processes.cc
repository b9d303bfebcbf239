// Processes: a byte between two of them, the switch in it, a new one that executes a program. lmbench's lat_pipe, lat_ctx
// and lat_proc measure the same.
#include "raw.h"

namespace overhead {

namespace {

constexpr u64 kRounds = 200;
constexpr u64 kStarts = 4;

struct Pipe {
  int ends[2];
  Pipe() { checked("pipe2", call(__NR_pipe2, address(ends), 0)); }
  void put() {
    const u8 byte = 1;
    checked("write", call(__NR_write, ends[1], address(&byte), 1));
  }
  bool take() {
    u8 byte;
    return call(__NR_read, ends[0], address(&byte), 1) == 1;
  }
};

}  // namespace

// Both on one processor: then each half of a round is one switch.
void measureSwitches() {
  const OneProcessor pinned;
  Pipe there, back;
  const long echo = checked("fork", fork());
  if (echo == 0) {
    dieWithParent();
    call(__NR_close, there.ends[1]);
    while (there.take()) back.put();
    exit(0);
  }
  there.put();
  if (!back.take()) refuse("read", -32);
  const u64 start = nowNs();
  for (u64 round = 0; round < kRounds; round++) {
    there.put();
    back.take();
  }
  const u64 between = nowNs() - start;
  kill(echo);
  // The same writes and reads without anybody to switch to.
  const u64 alone = nowNs();
  for (u64 round = 0; round < 2 * kRounds; round++) {
    back.put();
    back.take();
  }
  const u64 own = nowNs() - alone;
  sampleNs("pipeRoundTrip", between, kRounds);
  sampleNs("contextSwitch", between > own ? between - own : 0, 2 * kRounds);
}

void measureForkExec() {
  char nothing[] = "nothing";
  char* words[] = {const_cast<char*>(ownPath), nothing, nullptr};
  char* environment[] = {nullptr};
  const u64 start = nowNs();
  for (u64 i = 0; i < kStarts; i++) {
    const long pid = checked("fork", fork());
    if (pid == 0) {
      call(__NR_execve, address(ownPath), address(words), address(environment));
      exit(1);
    }
    int status = 0;
    checked("wait4", call(__NR_wait4, pid, address(&status), 0, 0));
    if (status != 0) refuse("execve", -8);
  }
  sampleNs("forkExec", nowNs() - start, kStarts);
}

}  // namespace overhead
