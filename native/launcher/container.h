// One started plan: from the request, through the child's straight run to exec, to the cleanup after its exit.
#pragma once
#include <sys/resource.h>

#include <memory>
#include <string>
#include <vector>

#include "../descriptor.h"
#include "execution.h"
#include "monitor.h"
#include "plan.h"

struct pollfd;

namespace ringside {

class Container {
 public:
  Container(std::uint32_t id, std::unique_ptr<Plan> plan);
  ~Container();
  Container(const Container&) = delete;

  // Runs the host steps up to a pause or to the end. One that fails begins the end: the cleanup, then the reply.
  void start(int controlSocket, const int* fds, unsigned fdCount);

  // Goes on after a pause.
  void resume(int controlSocket);

  // Ends a start that has not come to exec.
  void cancel(int controlSocket);

  // The launcher will be gone: a paused child goes on alone, and what has begun to end is brought to its end.
  void release();

  // Once in every turn of the launcher's loop: what announces itself by no descriptor, and what was to be tried again.
  void onTurn(int controlSocket);

  // What poll(2) is to watch, and for how long at most; every source that is ready comes back through onReady.
  void watch(std::vector<pollfd>& sources, std::int64_t& patienceNs) const;
  void onReady(const pollfd& source, int controlSocket);

  // One of our processes was reaped.
  void onExit(int controlSocket, pid_t pid, int status, const rusage& usage);

  // The owner is gone: kill, clean up, and do what the owner would have done.
  void abandon(int controlSocket);

  // Nobody will ask any more how it was started: gives the memory back.
  void forgetStart();

  // Begins to remove everything of one that has ended, where nobody but us is there to do that.
  void removeIfOver(int controlSocket);

  // Takes in what the child has said already.
  void catchUp(int controlSocket);

  // Nothing is left of it, and everybody knows.
  bool isOver() const { return end_ == End::over; }

  std::uint32_t id() const { return id_; }
  bool hasStarted() const { return started_; }

 private:
  // The sync socket has something: a request of the child, or its end, which means that exec has happened or will not.
  void onSync(int controlSocket);
  void advance(int controlSocket);
  bool runHostStep(std::uint32_t index);
  Outcome cloneChild(const Step& step);
  bool holdUsers();
  void onHandOver(int controlSocket);
  void adoptSibling();
  void sendPaused(int controlSocket);
  void giveUp(int controlSocket, int error);
  void failHost(int controlSocket);
  void killAll();
  void beginEnd(int controlSocket);
  void goOnEnding(int controlSocket);
  bool runPhase(Phase phase);
  bool runLastStep(const Step& step);
  void recordExit(const Step& step);
  void tellEnd(int controlSocket);
  void tellFailure(int controlSocket);
  void send(int controlSocket, struct Reply& reply, const std::string& reports, const int* fds, unsigned fdCount);

  // How far its end has come. waits: for those who still read the log of what is to be removed.
  enum class End { none, cleanup, waits, abandon, over };

  std::uint32_t id_;
  std::unique_ptr<Plan> plan_;
  std::size_t pageBytes_;
  TracePage* page_;
  Slots slots_;
  Descriptor sync_;
  Descriptor pidfd_;
  Descriptor terminal_;
  Descriptor users_;  // an ordinary user's: its user namespace, in which alone all of its files can be removed
  pid_t pid_ = -1;           // the process that execs
  pid_t intermediate_ = -1;  // the one that joined a pid namespace for it, until reaped
  std::uint64_t startedNs_ = 0;
  std::uint32_t next_ = 0;  // the step that the launcher has not passed yet
  const Step* listens_ = nullptr;  // the step whose seccomp listener has not been handed over yet
  bool paused_ = false;
  bool dying_ = false;  // has been killed by us: whoever takes its place is, too
  bool reaped_ = false;
  bool started_ = false;
  std::unique_ptr<Monitor> monitor_;
  Ending ending_{};
  std::uint64_t exitedNs_ = 0;
  End end_ = End::none;
  std::uint32_t lastStep_ = 0;  // of the phase that runs, the step that it has come to
  unsigned attempts_ = 0;       // at that step
  std::uint64_t dueNs_ = 0;     // when it is tried again; 0: nothing is waited for
  std::string reports_;
  bool abandoned_ = false;
  bool recorded_ = false;
  bool removes_ = false;  // goes with its end, and nobody but us is there to remove it
};

}  // namespace ringside
