// One processor, two that talk over pipes: each message is two switches (sched(7), pipe(7)).
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "samples.h"

namespace calibrate {

namespace {

constexpr unsigned kRounds = 200;

struct Pipes {
  int there[2];
  int back[2];
};

void echo(const Pipes& pipes) {
  char byte;
  while (read(pipes.there[0], &byte, 1) == 1) {
    if (write(pipes.back[1], &byte, 1) != 1) return;
  }
}

void rounds(Page& page, const char* name, const Pipes& pipes, unsigned samples) {
  char byte = 'x';
  for (unsigned i = 0; i < samples; i++) {
    const std::uint64_t start = nowNs();
    for (unsigned round = 0; round < kRounds; round++) {
      if (write(pipes.there[1], &byte, 1) != 1 || read(pipes.back[0], &byte, 1) != 1) fail("talk over a pipe");
    }
    page.put(name, (nowNs() - start) / (2 * kRounds), 0);
    page.print();
  }
}

Pipes openPipes() {
  Pipes pipes;
  if (pipe2(pipes.there, O_CLOEXEC) < 0 || pipe2(pipes.back, O_CLOEXEC) < 0) fail("make pipes");
  return pipes;
}

// Whoever is there now stays there.
void stayOnOneProcessor() {
  cpu_set_t one;
  CPU_ZERO(&one);
  const int processor = sched_getcpu();
  CPU_SET(processor < 0 ? 0 : processor, &one);
  if (sched_setaffinity(0, sizeof one, &one) < 0) fail("stay on one processor");
}

void* echoThread(void* pipes) {
  echo(*static_cast<const Pipes*>(pipes));
  return nullptr;
}

}  // namespace

void measureSwitches(unsigned samples) {
  Page page;
  if (!page) fail("map a page");
  stayOnOneProcessor();
  const Pipes between = openPipes();
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    close(between.there[1]);
    echo(between);
    _exit(0);
  }
  rounds(page, "switch.process", between, samples);
  close(between.there[1]);
  if (!endsWell(child)) fail("wait for the other end");
  Pipes within = openPipes();
  pthread_t thread;
  if (pthread_create(&thread, nullptr, echoThread, &within) != 0) fail("make a thread");
  rounds(page, "switch.thread", within, samples);
  close(within.there[1]);
  pthread_join(thread, nullptr);
}

}  // namespace calibrate
