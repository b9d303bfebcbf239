// What control groups need that is no file: the device list of v2, and the event descriptor of v1's notifications.
#include <errno.h>
#include <sys/eventfd.h>

#include "../device-filter.h"
#include "errors.h"
#include "exports.h"

namespace ringside::addon {

namespace {

// Puts the device list of a running container's group in the place of the one before (bpf(2)).
Napi::Value attachDeviceFilter(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  std::string path;
  if (!readString(options, "path", path)) return info.Env().Undefined();
  const Napi::Value program = options.Get("program");
  if (!program.IsTypedArray()) {
    Napi::TypeError::New(info.Env(), "program is not bytes").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  const Napi::Uint8Array bytes = program.As<Napi::Uint8Array>();
  const int error = ringside::attachDeviceFilter(path.c_str(), bytes.Data(), bytes.ByteLength());
  if (error != 0) return throwSystemError(info.Env(), error, "bpf", path);
  return info.Env().Undefined();
}

// A counter that the kernel adds to; readable when it is not 0 (eventfd(2)).
Napi::Value openEventCounter(const Napi::CallbackInfo& info) {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return throwSystemError(info.Env(), errno, "eventfd");
  return Napi::Number::New(info.Env(), fd);
}

}  // namespace

void exportCgroups(Napi::Env env, Napi::Object exports) {
  exports.Set("attachDeviceFilter", Napi::Function::New(env, attachDeviceFilter));
  exports.Set("openEventCounter", Napi::Function::New(env, openEventCounter));
}

}  // namespace ringside::addon
