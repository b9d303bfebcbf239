// Descriptors that Node cannot open: pipes, FIFOs, locks, paths that must stay below a root, terminal sizes.
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../descriptor.h"
#include "errors.h"
#include "exports.h"

namespace ringside::addon {

namespace {

// The read end does not block, for Poll; the write end does, as programs expect of their output.
Napi::Value openPipe(const Napi::CallbackInfo& info) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) < 0) return throwSystemError(info.Env(), errno, "pipe2");
  fcntl(pair[0], F_SETFL, O_NONBLOCK);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("readFd", Napi::Number::New(info.Env(), pair[0]));
  result.Set("writeFd", Napi::Number::New(info.Env(), pair[1]));
  return result;
}

// A second descriptor of the same open file (fcntl(2), F_DUPFD_CLOEXEC).
Napi::Value duplicate(const Napi::CallbackInfo& info) {
  int fd;
  if (!readInt(info[0].As<Napi::Object>(), "fd", fd)) return info.Env().Undefined();
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return throwSystemError(info.Env(), errno, "fcntl");
  return Napi::Number::New(info.Env(), copy);
}

// Opens a file for reading as the inside of `root` would see it: no link leads out (openat2(2), RESOLVE_IN_ROOT).
Napi::Value openBelow(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  std::string root, path;
  if (!readString(options, "root", root) || !readString(options, "path", path)) return info.Env().Undefined();
  const Descriptor directory(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return throwSystemError(info.Env(), errno, "open", root);
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const long fd = syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how);
  if (fd < 0) return throwSystemError(info.Env(), errno, "openat2", path);
  return Napi::Number::New(info.Env(), static_cast<double>(fd));
}

// Takes a lock that ends with the descriptor (flock(2)), waiting for whoever has it unless `wait` is 0: undefined then.
// ENOENT: the file was removed meanwhile, so that what it guarded has gone.
Napi::Value lockFile(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  std::string path;
  int wait = 1;
  if (!readString(options, "path", path)) return info.Env().Undefined();
  if (options.Has("wait") && !readInt(options, "wait", wait)) return info.Env().Undefined();
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return throwSystemError(info.Env(), errno, "open", path);
  while (flock(file.get(), wait != 0 ? LOCK_EX : LOCK_EX | LOCK_NB) < 0) {
    if (errno == EWOULDBLOCK) return info.Env().Undefined();
    if (errno != EINTR) return throwSystemError(info.Env(), errno, "flock", path);
  }
  struct stat status;
  if (fstat(file.get(), &status) < 0 || status.st_nlink == 0) return throwSystemError(info.Env(), ENOENT, "flock", path);
  return Napi::Number::New(info.Env(), file.release());
}

// A named pipe that only its owner may open (mkfifo(3)).
Napi::Value makeFifo(const Napi::CallbackInfo& info) {
  std::string path;
  if (!readString(info[0].As<Napi::Object>(), "path", path)) return info.Env().Undefined();
  if (mkfifo(path.c_str(), 0600) < 0) return throwSystemError(info.Env(), errno, "mkfifo", path);
  return info.Env().Undefined();
}

// What a path is, as the inside of `root` would see it, and without following or opening it: a device that lies there is
// not touched. Links on the way are refused: the caller follows them itself.
Napi::Value lookBelow(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  std::string root, path;
  if (!readString(options, "root", root) || !readString(options, "path", path)) return info.Env().Undefined();
  const Descriptor directory(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return throwSystemError(info.Env(), errno, "open", root);
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  const Descriptor found(static_cast<int>(syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how)));
  struct stat status;
  if (!found || fstat(found.get(), &status) < 0) return throwSystemError(info.Env(), errno, "openat2", path);
  char target[PATH_MAX];
  const ssize_t length = S_ISLNK(status.st_mode) ? readlinkat(found.get(), "", target, sizeof target) : 0;
  if (length < 0) return throwSystemError(info.Env(), errno, "readlinkat", path);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("mode", Napi::Number::New(info.Env(), status.st_mode));
  result.Set("uid", Napi::Number::New(info.Env(), status.st_uid));
  result.Set("gid", Napi::Number::New(info.Env(), status.st_gid));
  result.Set("size", Napi::Number::New(info.Env(), static_cast<double>(status.st_size)));
  result.Set("device", Napi::Number::New(info.Env(), static_cast<double>(status.st_rdev)));
  result.Set("target", Napi::String::New(info.Env(), target, static_cast<std::size_t>(length)));
  return result;
}

// One extended attribute of a file itself, not of what a link leads to (lgetxattr(2)); undefined where it has none of
// that name, or its file system none at all. Those that are asked for are short.
Napi::Value readAttribute(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  std::string path, name;
  if (!readString(options, "path", path) || !readString(options, "name", name)) return info.Env().Undefined();
  char value[256];
  const ssize_t length = lgetxattr(path.c_str(), name.c_str(), value, sizeof value);
  if (length < 0 && (errno == ENODATA || errno == EOPNOTSUPP)) return info.Env().Undefined();
  if (length < 0) return throwSystemError(info.Env(), errno, "lgetxattr", path);
  return Napi::Buffer<char>::Copy(info.Env(), value, static_cast<std::size_t>(length));
}

Napi::Value setWindowSize(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  int fd, columns, rows;
  if (!readInt(options, "fd", fd) || !readInt(options, "columns", columns) || !readInt(options, "rows", rows))
    return info.Env().Undefined();
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  if (ioctl(fd, TIOCSWINSZ, &size) < 0) return throwSystemError(info.Env(), errno, "ioctl");
  return info.Env().Undefined();
}

}  // namespace

void exportFiles(Napi::Env env, Napi::Object exports) {
  exports.Set("openPipe", Napi::Function::New(env, openPipe));
  exports.Set("duplicate", Napi::Function::New(env, duplicate));
  exports.Set("lookBelow", Napi::Function::New(env, lookBelow));
  exports.Set("openBelow", Napi::Function::New(env, openBelow));
  exports.Set("lockFile", Napi::Function::New(env, lockFile));
  exports.Set("makeFifo", Napi::Function::New(env, makeFifo));
  exports.Set("readAttribute", Napi::Function::New(env, readAttribute));
  exports.Set("setWindowSize", Napi::Function::New(env, setWindowSize));
}

}  // namespace ringside::addon
