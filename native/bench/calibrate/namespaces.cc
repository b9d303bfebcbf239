// Each namespace by itself: unshare(2) in a fresh child, which takes it along when it ends (namespaces(7)).
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "samples.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

namespace calibrate {

namespace {

struct Namespace {
  const char* name;
  int flag;
};

constexpr Namespace kNamespaces[] = {
    {"namespace.mount", CLONE_NEWNS}, {"namespace.uts", CLONE_NEWUTS},   {"namespace.ipc", CLONE_NEWIPC},
    {"namespace.pid", CLONE_NEWPID},  {"namespace.network", CLONE_NEWNET}, {"namespace.cgroup", CLONE_NEWCGROUP},
    {"namespace.user", CLONE_NEWUSER}, {"namespace.time", CLONE_NEWTIME},
};

}  // namespace

void measureNamespaces(unsigned samples) {
  Page page;
  if (!page) fail("map a page");
  for (unsigned i = 0; i < samples; i++) {
    for (const Namespace& one : kNamespaces) {
      useCaches();
      const pid_t child = fork();
      if (child < 0) fail("fork");
      if (child == 0) {
        page.timed(one.name, [&] { return unshare(one.flag); });
        _exit(0);
      }
      if (!endsWell(child)) fail("wait for a child");
    }
    page.print();
  }
}

}  // namespace calibrate
