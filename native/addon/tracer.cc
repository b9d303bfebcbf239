#include "tracer.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace ringside::addon {

struct CallInfo : __ptrace_syscall_info {};

namespace {

// Ignored unless handled, and used by nothing in Node: it only makes waitpid(2) return.
constexpr int kWakeSignal = SIGURG;
constexpr auto kWakeEvery = std::chrono::milliseconds(1);
constexpr auto kMostPatience = std::chrono::seconds(1);
constexpr std::uint64_t kAlways = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;
constexpr std::uint64_t kFollow = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
constexpr int kCallStop = SIGTRAP | 0x80;  // what PTRACE_O_TRACESYSGOOD makes of it

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = 0xC000003E;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = 0xC00000B7;
#endif

std::uint64_t nowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

bool isStopSignal(int signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

// A number of proc_pid_status(5): `Tgid` is the process of a thread, `TracerPid` who traces it.
pid_t statusNumber(pid_t tid, const char* field, pid_t otherwise) {
  char path[64], line[128];
  snprintf(path, sizeof path, "/proc/%d/status", tid);
  FILE* file = fopen(path, "re");
  pid_t number = otherwise;
  if (file == nullptr) return number;
  const std::size_t length = strlen(field);
  while (fgets(line, sizeof line, file) != nullptr) {
    if (strncmp(line, field, length) != 0 || line[length] != ':') continue;
    number = atoi(line + length + 1);
    break;
  }
  fclose(file);
  return number;
}

std::vector<pid_t> threadsOf(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  std::vector<pid_t> threads;
  DIR* directory = opendir(path);
  if (directory == nullptr) return threads;
  while (const dirent* entry = readdir(directory)) {
    if (const int tid = atoi(entry->d_name); tid > 0) threads.push_back(tid);
  }
  closedir(directory);
  return threads;
}

}  // namespace

Tracer::Tracer(TraceSettings settings) : settings_(std::move(settings)), recording_(!settings_.fromExec) {
  ready_ = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

Tracer::~Tracer() = default;

bool Tracer::end() {
  if (!hasThread_) return true;
  ask(Wish::detach, 0);
  timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += kMostPatience.count();
  if (pthread_timedjoin_np(thread_, nullptr, &until) != 0) {
    pthread_detach(thread_);
    return false;
  }
  hasThread_ = false;
  return true;
}

int Tracer::start(pid_t pid) {
  if (!ready_) return EMFILE;
  struct sigaction wake {};
  wake.sa_handler = [](int) {};  // without SA_RESTART
  sigaction(kWakeSignal, &wake, nullptr);
  wish_ = Wish::attach;
  wishPid_ = pid;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&thread_, nullptr, runThread, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return error;
  hasThread_ = true;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return wish_ == Wish::none; });
  return wishError_;
}

int Tracer::attach(pid_t pid) { return ask(Wish::attach, pid); }
void Tracer::detach() { ask(Wish::detach, 0); }

// Waits for the thread's answer. The wake signal is sent again and again, since one that comes between the thread's look
// at the wish and its waitpid(2) would be lost.
int Tracer::ask(Wish wish, pid_t pid) {
  std::unique_lock lock(mutex_);
  if (ended_) return ESRCH;
  wish_ = wish;
  wishPid_ = pid;
  changed_.notify_all();
  do {
    pthread_kill(thread_, kWakeSignal);
  } while (!changed_.wait_for(lock, kWakeEvery, [this] { return wish_ == Wish::none || ended_; }));
  if (wish_ == Wish::none) return wishError_;
  wish_ = Wish::none;
  return ESRCH;
}

bool Tracer::take(std::string& out, std::uint64_t& lost) {
  std::unique_lock lock(mutex_);
  std::uint64_t count;
  while (read(ready_.get(), &count, sizeof count) > 0) continue;
  out.swap(records_);
  records_.clear();
  lost = std::exchange(lost_, 0);
  dropping_ = false;
  changed_.notify_all();
  return !ended_ || !out.empty();
}

void* Tracer::runThread(void* self) {
  sigset_t wake;
  sigemptyset(&wake);
  sigaddset(&wake, kWakeSignal);
  pthread_sigmask(SIG_UNBLOCK, &wake, nullptr);
  static_cast<Tracer*>(self)->run();
  return nullptr;
}

void Tracer::run() {
  while (true) {
    serve();
    int status;
    const pid_t tid = waitpid(-1, &status, __WALL | __WNOTHREAD);
    if (tid > 0) onStatus(tid, status);
    else if (errno != EINTR) break;  // ECHILD: nothing is traced any more
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
  eventfd_write(ready_.get(), 1);
}

void Tracer::serve() {
  Wish wish;
  pid_t pid;
  {
    const std::lock_guard lock(mutex_);
    wish = wish_;
    pid = wishPid_;
  }
  if (wish == Wish::none) return;
  int error = 0;
  if (wish == Wish::attach) error = detaching_ ? ESRCH : seize(pid);
  if (wish == Wish::detach && !detaching_) {
    detaching_ = true;
    for (const auto& [tid, tracee] : tracees_) ptrace(PTRACE_INTERRUPT, tid, 0, 0);
  }
  const std::lock_guard lock(mutex_);
  wish_ = Wish::none;
  wishError_ = error;
  changed_.notify_all();
}

// A thread that another one makes meanwhile is either seen in the next round or traced from its birth.
int Tracer::seize(pid_t pid) {
  if (!settings_.follow) return seizeThread(pid);
  int error = ESRCH;
  for (bool found = true; found;) {
    found = false;
    for (const pid_t tid : threadsOf(pid)) {
      if (tracees_.contains(tid)) {
        error = 0;
        continue;
      }
      const int failed = seizeThread(tid);
      if (failed == 0) found = true;
      if (failed == 0 || error == ESRCH) error = failed;
    }
  }
  return error;
}

int Tracer::seizeThread(pid_t tid) {
  if (tracees_.contains(tid)) return 0;
  // Never PTRACE_O_EXITKILL: what is only looked at must not die with the one who looks.
  const std::uint64_t options = kAlways | (settings_.follow ? kFollow : 0);
  if (ptrace(PTRACE_SEIZE, tid, 0, options) < 0) {
    const int error = errno;
    // Ours already: made by a process that is traced, and its first stop is on its way.
    const bool isOurs = error == EPERM && statusNumber(tid, "TracerPid", 0) == gettid();
    return isOurs ? 0 : error;
  }
  traceeOf(tid);
  return ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0 ? errno : 0;
}

Tracer::Tracee& Tracer::traceeOf(pid_t tid) {
  const auto [place, isNew] = tracees_.try_emplace(tid);
  if (isNew) place->second.process = statusNumber(tid, "Tgid", tid);
  return place->second;
}

void Tracer::onStatus(pid_t tid, int status) {
  const std::uint64_t atNs = nowNs();
  if (!WIFSTOPPED(status)) return onGone(tid, status, atNs);
  const int signal = WSTOPSIG(status);
  const int event = status >> 16;
  Tracee& tracee = traceeOf(tid);
  tracee.listening = false;
  if (event == 0 && signal != kCallStop) return onSignal(tid, tracee, signal, atNs);
  if (event == 0) return onCallStop(tid, tracee, atNs);
  if (event != PTRACE_EVENT_STOP) return onEvent(tid, tracee, event, atNs);
  if (detaching_) return letGo(tid, 0);
  if (!isStopSignal(signal)) return resume(tid, PTRACE_SYSCALL, 0);
  if (recording_) push(makeRecord(RecordKind::stop, tid, tracee.process, atNs, NumberRecord{signal, 0}));
  tracee.listening = true;
  ptrace(PTRACE_LISTEN, tid, 0, 0);
}

void Tracer::onCallStop(pid_t tid, Tracee& tracee, std::uint64_t atNs) {
  CallInfo info;
  const long size = ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), tid, sizeof info, &info);
  if (size > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY) return onEntry(tid, tracee, info, atNs);
  if (size > 0 && info.op == PTRACE_SYSCALL_INFO_EXIT && tracee.inCall) return onExitOfCall(tid, tracee, info, atNs);
  if (detaching_) letGo(tid, 0);
  else resume(tid, PTRACE_SYSCALL, 0);
}

void Tracer::onEntry(pid_t tid, Tracee& tracee, const CallInfo& info, std::uint64_t atNs) {
  tracee.call = CallRecord{};
  tracee.call.number = info.entry.nr;
  for (int i = 0; i < 6; i++) tracee.call.arguments[i] = info.entry.args[i];
  tracee.call.architecture = info.arch;
  tracee.captured.clear();
  tracee.captureCount = 0;
  const bool wanted = recording_ || info.entry.nr == SYS_execve || info.entry.nr == SYS_execveat;
  if (wanted && info.arch == kArchitecture)
    tracee.captureCount = settings_.captures.read(tid, info.entry.nr, tracee.call.arguments, 0, false, tracee.captured);
  tracee.inCall = true;
  tracee.enteredNs = atNs;
  tracee.call.enterNs = nowNs();
  if (detaching_) letGo(tid, 0);
  else resume(tid, PTRACE_SYSCALL, 0);
}

void Tracer::onExitOfCall(pid_t tid, Tracee& tracee, const CallInfo& info, std::uint64_t atNs) {
  CallRecord& call = tracee.call;
  call.returnValue = info.exit.rval;
  call.isError = info.exit.is_error;
  call.exitNs = atNs;
  const bool isExec = call.architecture == kArchitecture && (call.number == SYS_execve || call.number == SYS_execveat);
  if (isExec && !call.isError) recording_ = true;
  if (recording_ && !call.isError && call.architecture == kArchitecture)
    tracee.captureCount += settings_.captures.read(tid, call.number, call.arguments, call.returnValue, true, tracee.captured);
  tracee.inCall = false;
  call.resumedNs = nowNs();
  // The process runs on before its record is stored, so that storing costs it nothing while there is room.
  Tracee done{tracee.process, false, false, tracee.enteredNs, call, std::move(tracee.captured), tracee.captureCount};
  tracee.captured.clear();
  if (detaching_) letGo(tid, 0);
  else resume(tid, PTRACE_SYSCALL, 0);
  if (recording_) pushCall(tid, done, 0);
}

void Tracer::onEvent(pid_t tid, Tracee& tracee, int event, std::uint64_t atNs) {
  unsigned long message = 0;
  ptrace(PTRACE_GETEVENTMSG, tid, 0, &message);
  const auto number = NumberRecord{static_cast<std::int32_t>(message), 0};
  if (event == PTRACE_EVENT_EXEC) onExec(tid, static_cast<pid_t>(message), atNs);
  if (event == PTRACE_EVENT_EXIT) abandonCall(tid, tracee, atNs);
  const bool isSpawn = event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE;
  if (isSpawn && recording_) push(makeRecord(RecordKind::spawn, tid, tracee.process, atNs, number));
  if (detaching_) letGo(tid, 0);
  else resume(tid, event == PTRACE_EVENT_EXIT ? PTRACE_CONT : PTRACE_SYSCALL, 0);
}

// The thread that called execve takes the number of its process, and all others are gone (ptrace(2), "execve(2) under
// ptrace"); its call goes on under the new number.
void Tracer::onExec(pid_t tid, pid_t former, std::uint64_t atNs) {
  if (former > 0 && former != tid) {
    const auto place = tracees_.find(former);
    if (place != tracees_.end()) {
      Tracee moved = std::move(place->second);
      tracees_.erase(place);
      tracees_[tid] = std::move(moved);
    }
  }
  if (recording_ && former != tid)
    push(makeRecord(RecordKind::exec, tid, tracees_[tid].process, atNs, NumberRecord{former, 0}));
}

void Tracer::onSignal(pid_t tid, Tracee& tracee, int signal, std::uint64_t atNs) {
  siginfo_t info{};
  ptrace(PTRACE_GETSIGINFO, tid, 0, &info);
  SignalRecord record{};
  record.signal = signal;
  record.code = info.si_code;
  const bool isFault = signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGTRAP;
  if (isFault && info.si_code > 0) record.address = reinterpret_cast<std::uint64_t>(info.si_addr);
  else if (info.si_code <= 0 || signal == SIGCHLD) record.sender = info.si_pid;
  if (recording_) push(makeRecord(RecordKind::signal, tid, tracee.process, atNs, record));
  if (detaching_) letGo(tid, signal);
  else resume(tid, PTRACE_SYSCALL, signal);
}

void Tracer::onGone(pid_t tid, int status, std::uint64_t atNs) {
  const auto place = tracees_.find(tid);
  if (place == tracees_.end()) return;
  abandonCall(tid, place->second, atNs);
  const pid_t process = place->second.process;
  tracees_.erase(place);
  if (recording_) push(makeRecord(RecordKind::exit, tid, process, atNs, NumberRecord{status, 0}));
}

void Tracer::abandonCall(pid_t tid, Tracee& tracee, std::uint64_t atNs) {
  if (!tracee.inCall) return;
  tracee.inCall = false;
  tracee.call.exitNs = atNs;
  tracee.call.resumedNs = atNs;
  if (recording_) pushCall(tid, tracee, kNoExit);
}

// ESRCH: killed meanwhile; its end is on its way.
void Tracer::resume(pid_t tid, int request, int signal) {
  ptrace(static_cast<__ptrace_request>(request), tid, 0, signal);
}

void Tracer::letGo(pid_t tid, int signal) {
  const auto place = tracees_.find(tid);
  if (place == tracees_.end()) return;
  abandonCall(tid, place->second, nowNs());
  if (ptrace(PTRACE_DETACH, tid, 0, signal) == 0) tracees_.erase(place);
}

void Tracer::pushCall(pid_t tid, Tracee& tracee, std::uint32_t flags) {
  tracee.call.flags = flags;
  tracee.call.captureCount = tracee.captureCount;
  push(makeRecord(RecordKind::call, tid, tracee.process, tracee.enteredNs, tracee.call, tracee.captured));
}

void Tracer::push(const std::string& record) {
  std::unique_lock lock(mutex_);
  const auto hasRoom = [&] { return records_.size() + record.size() <= settings_.mostBytes; };
  if (!hasRoom() && !dropping_ && !detaching_)
    changed_.wait_for(lock, kMostPatience, [&] { return hasRoom() || wish_ != Wish::none; });
  if (!hasRoom() && wish_ == Wish::none) {
    dropping_ = true;
    lost_++;
    return;
  }
  const bool wasEmpty = records_.empty();
  records_ += record;
  if (wasEmpty) eventfd_write(ready_.get(), 1);
}

}  // namespace ringside::addon
