// Starting the launcher, and signals by pidfd (pidfd_open(2), pidfd_send_signal(2)).
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../descriptor.h"
#include "../protocol.h"
#include "errors.h"
#include "exports.h"

namespace ringside::addon {

namespace {

// What posix_spawn needs, freed on every path.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// posix_spawn, since it shares memory until exec (CLONE_VM | CLONE_VFORK): forking Node would copy its page tables.
// The launcher gets a session of its own, so that a Ctrl-C at our terminal does not reach it.
Napi::Value spawnLauncher(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string path;
  if (!readString(info[0].As<Napi::Object>(), "path", path)) return env.Undefined();
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return throwSystemError(env, errno, "socketpair");
  Descriptor ours(pair[0]);
  const Descriptor theirs(pair[1]);
  fcntl(ours.get(), F_SETFL, O_NONBLOCK);

  SpawnSettings settings;
  posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&settings.actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&settings.actions, theirs.get(), kLauncherSocket);
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, kLauncherSocket + 1);
  posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSID);
  char* argv[] = {path.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t pid;
  const int error = posix_spawn(&pid, path.c_str(), &settings.actions, &settings.attributes, argv, environment);
  if (error != 0) return throwSystemError(env, error, "posix_spawn", path);

  Napi::Object result = Napi::Object::New(env);
  result.Set("pid", Napi::Number::New(env, pid));
  result.Set("socket", Napi::Number::New(env, ours.release()));
  return result;
}

// Takes the exit of a child of ours that nobody else waits for: its wait status once it has been reaped, 0 where somebody
// else has done that.
Napi::Value reap(const Napi::CallbackInfo& info) {
  int pid;
  if (!readInt(info[0].As<Napi::Object>(), "pid", pid)) return info.Env().Undefined();
  int status = 0;
  const pid_t reaped = waitpid(pid, &status, WNOHANG);
  if (reaped != pid && (reaped == 0 || errno != ECHILD)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), status);
}

Napi::Value openPidfd(const Napi::CallbackInfo& info) {
  int pid;
  if (!readInt(info[0].As<Napi::Object>(), "pid", pid)) return info.Env().Undefined();
  const long pidfd = syscall(SYS_pidfd_open, pid, 0);
  if (pidfd < 0) return throwSystemError(info.Env(), errno, "pidfd_open", std::to_string(pid));
  return Napi::Number::New(info.Env(), static_cast<double>(pidfd));
}

Napi::Value sendSignal(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  int pidfd, signal;
  if (!readInt(options, "pidfd", pidfd) || !readInt(options, "signal", signal)) return info.Env().Undefined();
  if (syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) < 0)
    return throwSystemError(info.Env(), errno, "pidfd_send_signal");
  return info.Env().Undefined();
}

}  // namespace

void exportLauncher(Napi::Env env, Napi::Object exports) {
  exports.Set("spawnLauncher", Napi::Function::New(env, spawnLauncher));
  exports.Set("reap", Napi::Function::New(env, reap));
  exports.Set("openPidfd", Napi::Function::New(env, openPidfd));
  exports.Set("sendSignal", Napi::Function::New(env, sendSignal));
}

}  // namespace ringside::addon
