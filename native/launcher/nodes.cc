#include "nodes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../descriptor.h"
#include "mounts.h"
#include "syscalls.h"
#include "walk.h"

namespace ringside::nodes {

namespace {

// Modes are given whole: the umask has no part in them.
class NoUmask {
 public:
  NoUmask() : before_(umask(0)) {}
  ~NoUmask() { umask(before_); }

 private:
  mode_t before_;
};

struct Node {
  mode_t mode;
  dev_t device;
  uid_t uid;
  gid_t gid;
};

bool isDevice(mode_t mode) { return S_ISCHR(mode) || S_ISBLK(mode); }

bool isOfKind(const struct stat& status, const Node& node) {
  return (status.st_mode & S_IFMT) == (node.mode & S_IFMT) && (!isDevice(node.mode) || status.st_rdev == node.device);
}

bool isExactly(const struct stat& status, const Node& node) {
  return status.st_mode == node.mode && status.st_uid == node.uid && status.st_gid == node.gid;
}

// Makes the node and looks at what is there by then: somebody else may have put another thing in its place
// (CVE-2026-41579). One that is there already serves when it is the same device; its owner and mode are made right.
int makeChecked(int parent, const char* name, const Node& node) {
  const NoUmask modesAreWhole;
  for (int attempt = 0; attempt < 2; attempt++) {
    const bool made = mknodat(parent, name, node.mode, node.device) == 0;
    if (!made && errno != EEXIST) return -1;
    const Descriptor there(openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status;
    if (!there || fstat(there.get(), &status) < 0) return -1;
    if (!isOfKind(status, node)) {
      errno = EEXIST;
      return -1;
    }
    if (isExactly(status, node)) return 0;
    if (made) return fchownat(there.get(), "", node.uid, node.gid, AT_EMPTY_PATH);
    if (unlinkat(parent, name, 0) < 0) return -1;
  }
  errno = EEXIST;
  return -1;
}

}  // namespace

Outcome makeDirectoryIn(const Step& step, Execution& execution) {
  using namespace argument::makeDirectoryIn;
  const int root = (*execution.slots)[step.slot(k_root)];
  const Descriptor there(
      walk::openOrMake(root, step.text(k_path), false, 0, static_cast<mode_t>(step.number(k_mode))));
  return there ? Outcome::done() : Outcome::failed(errno);
}

Outcome openIn(const Step& step, Execution& execution) {
  using namespace argument::openIn;
  const int fd = walk::openBelow((*execution.slots)[step.slot(k_root)], step.text(k_path), step.number(k_flags));
  if (fd < 0) return Outcome::failed(errno);
  execution.slots->put(step.slot(k_slot), fd);
  return Outcome::done();
}

Outcome makeNode(const Step& step, Execution& execution) {
  using namespace argument::makeNode;
  char name[NAME_MAX + 1];
  const Descriptor parent(walk::openParent((*execution.slots)[step.slot(k_root)], step.text(k_path), name));
  if (!parent) return Outcome::failed(errno);
  const Node node{static_cast<mode_t>(step.number(k_mode)),
                  makedev(static_cast<unsigned>(step.number(k_major)), static_cast<unsigned>(step.number(k_minor))),
                  static_cast<uid_t>(step.number(k_uid)), static_cast<gid_t>(step.number(k_gid))};
  return makeChecked(parent.get(), name, node) < 0 ? Outcome::failed(errno) : Outcome::done();
}

// A link that an image's own /dev has already is left as it is: it leads no further than the image's files.
Outcome makeSymlink(const Step& step, Execution& execution) {
  using namespace argument::makeSymlink;
  char name[NAME_MAX + 1];
  const Descriptor parent(walk::openParent((*execution.slots)[step.slot(k_root)], step.text(k_path), name));
  if (!parent) return Outcome::failed(errno);
  if (symlinkat(step.text(k_target), parent.get(), name) == 0) return Outcome::done();
  return errno == EEXIST ? Outcome::noted(errno) : Outcome::failed(errno);
}

Outcome makeFile(const Step& step, Execution& execution) {
  using namespace argument::makeFile;
  char name[NAME_MAX + 1];
  const Descriptor parent(walk::openParent((*execution.slots)[step.slot(k_root)], step.text(k_path), name));
  if (!parent) return Outcome::failed(errno);
  const mode_t mode = static_cast<mode_t>(step.number(k_mode));
  const Descriptor file(openat(parent.get(), name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
  const Argument& value = step.list(k_value);
  if (!file || write(file.get(), value.text, value.length) != static_cast<ssize_t>(value.length)) return Outcome::failed(errno);
  return Outcome::done();
}

// Shows the file `name` of one mount at `path` of the root.
Outcome bindFile(const Step& step, Execution& execution) {
  using namespace argument::bindFile;
  const int root = (*execution.slots)[step.slot(k_root)];
  const Descriptor source(
      walk::openBelow((*execution.slots)[step.slot(k_source)], step.text(k_name), O_PATH | O_NOFOLLOW));
  if (!source) return Outcome::failed(errno);
  const Descriptor tree(sys::open_tree(source.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!tree) return Outcome::failed(errno);
  const Descriptor target(walk::openOrMake(root, step.text(k_path), true));
  if (!target || mounts::attach(tree.get(), target.get()) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

}  // namespace ringside::nodes
