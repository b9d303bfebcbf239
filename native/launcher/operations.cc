// The table of what executes each operation. One row and one function for a new one.
#include <errno.h>
#include <unistd.h>

#include "cgroups.h"
#include "copy-up.h"
#include "attributes.h"
#include "execute.h"
#include "execution.h"
#include "files.h"
#include "guards.h"
#include "hook.h"
#include "identity.h"
#include "mounts.h"
#include "namespaces.h"
#include "network.h"
#include "nodes.h"
#include "terminal.h"
#include "trees.h"

namespace ringside {

namespace {

using Run = Outcome (*)(const Step&, Execution&);
struct Row {
  Operation operation;
  Run run;
};

constexpr Row kHost[] = {
    {Operation::makeGroup, cgroups::makeGroup},       {Operation::changeOwner, cgroups::changeOwner},
    {Operation::attachDeviceFilter, cgroups::attachDeviceFilter},
    {Operation::makeDirectory, files::makeDirectory}, {Operation::writeFile, files::writeFile},
    {Operation::openPath, files::openPath},           {Operation::openPidfd, files::openPidfd},
    {Operation::openNamespace, namespaces::openNamespace},
    {Operation::writeIdMaps, namespaces::writeIdMaps},
    {Operation::runIdMapper, namespaces::runIdMapper},
    {Operation::setTimeOffsets, namespaces::setTimeOffsets},
    {Operation::moveNetDevice, network::moveNetDevice},
    {Operation::setLimit, attributes::setLimit},
    {Operation::setOomScore, attributes::setOomScore},
    {Operation::setScheduler, attributes::setScheduler},
    {Operation::setIoPriority, attributes::setIoPriority},
    {Operation::newFilesystem, mounts::newFilesystem},
    {Operation::makeFile, nodes::makeFile},
    {Operation::newOverlay, mounts::newOverlay},      {Operation::cloneTree, trees::cloneTree},
    {Operation::cloneDevice, trees::cloneDevice},     {Operation::changeMount, trees::changeMount},
    {Operation::makeUserNamespace, trees::makeUserNamespace},
    {Operation::lockTrees, trees::lockTrees},
    {Operation::connectSocket, terminal::connectSocket},
};

constexpr Row kChild[] = {
    {Operation::openPath, files::openPath},
    {Operation::joinCgroup, identity::joinCgroup},
    {Operation::joinNamespaces, namespaces::joinNamespaces},
    {Operation::forkSibling, namespaces::forkSibling},
    {Operation::unshare, namespaces::unshareNamespaces},
    {Operation::setPropagation, mounts::setPropagation},
    {Operation::newFilesystem, mounts::newFilesystem},
    {Operation::attachRoot, mounts::attachRoot},
    {Operation::mountAt, mounts::mountAt},
    {Operation::makeDirectoryIn, nodes::makeDirectoryIn},
    {Operation::openIn, nodes::openIn},
    {Operation::makeNode, nodes::makeNode},
    {Operation::makeSymlink, nodes::makeSymlink},
    {Operation::makeFile, nodes::makeFile},
    {Operation::bindFile, nodes::bindFile},
    {Operation::maskPath, guards::maskPath},
    {Operation::readonlyPath, guards::readonlyPath},
    {Operation::setMountAttributes, mounts::setMountAttributes},
    {Operation::pivotRoot, mounts::pivotRoot},
    {Operation::changeRoot, mounts::changeRoot},
    {Operation::remountIn, mounts::remountIn},
    {Operation::newOverlay, mounts::newOverlay},
    {Operation::cloneTree, trees::cloneTree},
    {Operation::cloneDevice, trees::cloneDevice},
    {Operation::changeMount, trees::changeMount},
    {Operation::connectSocket, terminal::connectSocket},
    {Operation::copyUp, copy::copyUp},
    {Operation::writeProc, guards::writeProc},
    {Operation::setHostname, namespaces::setHostname},
    {Operation::loopbackUp, network::loopbackUp},
    {Operation::openTerminal, terminal::openTerminal},
    {Operation::setStdio, terminal::setStdio},
    {Operation::placeDescriptor, terminal::placeDescriptor},
    {Operation::newSession, terminal::newSession},
    {Operation::takeTerminal, terminal::takeTerminal},
    {Operation::joinKeyring, identity::joinKeyring},
    {Operation::setUmask, attributes::setUmask},
    {Operation::setNoNewPrivileges, identity::setNoNewPrivileges},
    {Operation::dropBounding, identity::dropBounding},
    {Operation::setUser, identity::setUser},
    {Operation::setCapabilities, identity::setCapabilities},
    {Operation::setDirectory, identity::setDirectory},
    {Operation::tryDirectory, identity::tryDirectory},
    {Operation::setSeccomp, identity::setSeccomp},
    {Operation::dieWithParent, identity::dieWithParent},
    {Operation::closeDescriptors, execute::closeDescriptors},
    {Operation::waitForStart, execute::waitForStart},
    {Operation::resetSignals, execute::resetSignals},
    {Operation::becomeRoot, namespaces::becomeRoot},
    {Operation::setTimeOffsets, namespaces::setTimeOffsets},
    {Operation::setDomainname, namespaces::setDomainname},
    {Operation::runHook, hook::runHook},
    {Operation::setLimit, attributes::setLimit},
    {Operation::setOomScore, attributes::setOomScore},
    {Operation::setScheduler, attributes::setScheduler},
    {Operation::setIoPriority, attributes::setIoPriority},
    {Operation::setAffinity, attributes::setAffinity},
    {Operation::setPersonality, attributes::setPersonality},
    {Operation::setMemoryPolicy, attributes::setMemoryPolicy},
    {Operation::resolveExecutable, execute::resolveExecutable},
    {Operation::execute, execute::execute},
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
