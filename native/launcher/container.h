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

  // Runs the host steps up to a pause or to the end. False: the start has failed and nothing is left of it; the cleanup
  // has been run and the reply has been sent. So it is for all that follow.
  bool start(int controlSocket, const int* fds, unsigned fdCount);

  // Goes on after a pause.
  bool resume(int controlSocket);

  // Ends a start that has not come to exec.
  bool cancel(int controlSocket);

  // The launcher will be gone: a paused child goes on alone.
  void release();

  // Once in every turn of the launcher's loop: what announces itself by no descriptor.
  void onTurn();

  // What poll(2) is to watch, and for how long at most; every source that is ready comes back through onReady.
  void watch(std::vector<pollfd>& sources, int& patienceMs) const;
  void onReady(const pollfd& source, int controlSocket);

  // One of our processes was reaped. True when it was this container's and nothing is left of it.
  bool onExit(int controlSocket, pid_t pid, int status, const rusage& usage);

  // The owner is gone: kill, wait, clean up, and do what the owner would have done.
  void abandon();

  // Nobody will ask any more how it was started: gives the memory back.
  void forgetStart();

  // Whether it has ended and everything of it is to be removed, which is then done.
  bool removeIfOver();

  // Takes in what the child has said already.
  void catchUp(int controlSocket);

  std::uint32_t id() const { return id_; }
  bool hasStarted() const { return started_; }

 private:
  // The sync socket has something: a request of the child, or its end, which means that exec has happened or will not.
  void onSync(int controlSocket);
  void recordExit(const Step& step, const std::string& reports);
  bool advance(int controlSocket);
  bool runHostStep(std::uint32_t index);
  Outcome cloneChild(const Step& step);
  bool holdUsers();
  void onHandOver(int controlSocket);
  void adoptSibling();
  bool failHost(int controlSocket);
  void sendPaused(int controlSocket);
  void cleanUp(std::string& reports);
  void runPhase(Phase phase, std::string& reports);
  void runLastStep(const Step& step, std::string& reports);
  void sendFailure(int controlSocket);
  void send(int controlSocket, struct Reply& reply, const std::string& reports, const int* fds, unsigned fdCount);

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
  bool reaped_ = false;
  bool started_ = false;
  std::unique_ptr<Monitor> monitor_;
  Ending ending_{};
  bool recorded_ = false;
  bool removes_ = false;  // goes with its end, and nobody but us is there to remove it
};

}  // namespace ringside
