// Watches system calls by ptrace(2). A tracer is one thread of its own, since the kernel ties a tracee to the thread
// that seized it; the thread waits with __WNOTHREAD, so that it never takes an exit that belongs to Node or libuv.
//
// What it sees goes into a bounded buffer as records (trace-records.h). A full buffer holds the tracees for a while
// (back pressure); if nobody reads for longer than that, records are dropped and counted, and the tracees run on.
#pragma once
#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "../descriptor.h"
#include "trace-memory.h"
#include "trace-records.h"

namespace ringside::addon {

struct CallInfo;

struct TraceSettings {
  bool follow;           // new processes and threads too
  bool fromExec;          // nothing before the first execve that succeeds
  std::size_t mostBytes;  // of records that wait to be read
  CaptureTable captures;
};

class Tracer {
 public:
  explicit Tracer(TraceSettings settings);
  ~Tracer();  // its thread must have ended: see end()
  Tracer(const Tracer&) = delete;

  // Starts the thread and seizes `pid` (with follow: all its threads). 0, or the errno of what failed.
  int start(pid_t pid);
  // Seizes a further process. 0, or an errno; ESRCH when it has gone or everything has ended.
  int attach(pid_t pid);
  // Lets go of everything; the end is known by take().
  void detach();
  // Lets go, and waits for the thread. False when a process cannot be let go yet (its group is frozen): then this object
  // has to stay, since the thread still uses it.
  bool end();
  // Moves what has been recorded into `out`. False when nothing will come any more.
  bool take(std::string& out, std::uint64_t& lost);
  // Readable when there is something to take (eventfd(2)).
  int descriptor() const { return ready_.get(); }

 private:
  struct Tracee {
    pid_t process = 0;       // the thread group
    bool inCall = false;     // between the two stops of a call
    bool listening = false;  // in a group stop (PTRACE_LISTEN)
    std::uint64_t enteredNs = 0;  // when its entry was seen
    CallRecord call{};
    std::string captured;  // of the arguments of the call
    std::uint32_t captureCount = 0;
  };
  enum class Wish { none, attach, detach };

  static void* runThread(void* self);
  void run();
  int ask(Wish wish, pid_t pid);
  void serve();
  int seize(pid_t pid);
  int seizeThread(pid_t tid);
  Tracee& traceeOf(pid_t tid);

  void onStatus(pid_t tid, int status);
  void onCallStop(pid_t tid, Tracee& tracee, std::uint64_t atNs);
  void onEntry(pid_t tid, Tracee& tracee, const CallInfo& info, std::uint64_t atNs);
  void onExitOfCall(pid_t tid, Tracee& tracee, const CallInfo& info, std::uint64_t atNs);
  void onEvent(pid_t tid, Tracee& tracee, int event, std::uint64_t atNs);
  void onSignal(pid_t tid, Tracee& tracee, int signal, std::uint64_t atNs);
  void onExec(pid_t tid, pid_t former, std::uint64_t atNs);
  void onGone(pid_t tid, int status, std::uint64_t atNs);
  void abandonCall(pid_t tid, Tracee& tracee, std::uint64_t atNs);
  void resume(pid_t tid, int request, int signal);
  void letGo(pid_t tid, int signal);

  void pushCall(pid_t tid, Tracee& tracee, std::uint32_t flags);
  void push(const std::string& record);

  const TraceSettings settings_;
  pthread_t thread_{};
  bool hasThread_ = false;
  // The thread's own.
  std::unordered_map<pid_t, Tracee> tracees_;
  bool recording_;
  bool detaching_ = false;

  // Shared, under mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string records_;
  std::uint64_t lost_ = 0;
  bool dropping_ = false;
  bool ended_ = false;
  Wish wish_ = Wish::none;
  pid_t wishPid_ = 0;
  int wishError_ = 0;
  Descriptor ready_;
};

}  // namespace ringside::addon
