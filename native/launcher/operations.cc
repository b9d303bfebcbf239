// The table of what executes each operation. One row and one function for a new one.
#include <errno.h>
#include <unistd.h>

#include "execution.h"
#include "files.h"
#include "identity.h"
#include "mounts.h"
#include "terminal.h"

namespace ringside {

namespace {

using Run = Outcome (*)(const Step&, Execution&);
struct Row {
  Operation operation;
  Run run;
};

constexpr Row kHost[] = {
    {Operation::makeDirectory, files::makeDirectory}, {Operation::writeFile, files::writeFile},
    {Operation::openPath, files::openPath},           {Operation::openPidfd, files::openPidfd},
    {Operation::newOverlay, mounts::newOverlay},
};

constexpr Row kChild[] = {
    {Operation::openPath, files::openPath},
    {Operation::joinCgroup, identity::joinCgroup},
    {Operation::joinNamespaces, identity::joinNamespaces},
    {Operation::forkSibling, identity::forkSibling},
    {Operation::unshare, identity::unshareNamespaces},
    {Operation::setPropagation, mounts::setPropagation},
    {Operation::newFilesystem, mounts::newFilesystem},
    {Operation::attachRoot, mounts::attachRoot},
    {Operation::mountAt, mounts::mountAt},
    {Operation::makeDirectoryIn, mounts::makeDirectoryIn},
    {Operation::openIn, mounts::openIn},
    {Operation::makeNode, mounts::makeNode},
    {Operation::makeSymlink, mounts::makeSymlink},
    {Operation::makeFile, mounts::makeFile},
    {Operation::bindFile, mounts::bindFile},
    {Operation::maskPath, mounts::maskPath},
    {Operation::readonlyPath, mounts::readonlyPath},
    {Operation::setMountAttributes, mounts::setMountAttributes},
    {Operation::pivotRoot, mounts::pivotRoot},
    {Operation::setHostname, identity::setHostname},
    {Operation::loopbackUp, identity::loopbackUp},
    {Operation::openTerminal, terminal::openTerminal},
    {Operation::setStdio, terminal::setStdio},
    {Operation::placeDescriptor, terminal::placeDescriptor},
    {Operation::newSession, terminal::newSession},
    {Operation::takeTerminal, terminal::takeTerminal},
    {Operation::joinKeyring, identity::joinKeyring},
    {Operation::setUmask, identity::setUmask},
    {Operation::setNoNewPrivileges, identity::setNoNewPrivileges},
    {Operation::dropBounding, identity::dropBounding},
    {Operation::setUser, identity::setUser},
    {Operation::setCapabilities, identity::setCapabilities},
    {Operation::setDirectory, identity::setDirectory},
    {Operation::setSeccomp, identity::setSeccomp},
    {Operation::dieWithParent, identity::dieWithParent},
    {Operation::closeDescriptors, identity::closeDescriptors},
    {Operation::waitForStart, identity::waitForStart},
    {Operation::resetSignals, identity::resetSignals},
    {Operation::execute, identity::execute},
};

template <std::size_t Count>
Outcome runFrom(const Row (&rows)[Count], const Step& step, Execution& execution) {
  for (const Row& row : rows) {
    if (row.operation == step.operation()) return row.run(step, execution);
  }
  return Outcome::failed(EOPNOTSUPP);  // an operation of another phase
}

}  // namespace

Outcome runHostOperation(const Step& step, Execution& execution) { return runFrom(kHost, step, execution); }
Outcome runChildOperation(const Step& step, Execution& execution) { return runFrom(kChild, step, execution); }

void Slots::put(unsigned index, int fd) {
  if (index >= kSlotCount) {
    close(fd);
    return;
  }
  if (fds[index] >= 0) close(fds[index]);
  fds[index] = fd;
}

void Slots::closeAll() {
  for (int& fd : fds) {
    if (fd >= 0) close(fd);
    fd = -1;
  }
}

}  // namespace ringside
