// What JavaScript cannot do itself, and nothing else. One options object per call; TypeScript has validated it, so only
// types are checked again here. Each file exports its functions; native/kernel.ts gives them their types.
#include <errno.h>
#include <napi.h>
#include <string.h>

#include "errors.h"
#include "exports.h"

namespace ringside::addon {

Napi::Value throwSystemError(Napi::Env env, int error, const char* syscall, const std::string& path) {
  const char* name = strerrorname_np(error);
  const std::string code = name == nullptr ? "EUNKNOWN" : name;
  std::string message = code + ": " + strerror(error) + ", " + syscall;
  if (!path.empty()) message += " '" + path + "'";
  Napi::Error failure = Napi::Error::New(env, message);
  failure.Set("code", Napi::String::New(env, code));
  failure.Set("errno", Napi::Number::New(env, -error));
  failure.Set("syscall", Napi::String::New(env, syscall));
  if (!path.empty()) failure.Set("path", Napi::String::New(env, path));
  failure.ThrowAsJavaScriptException();
  return env.Undefined();
}

bool readInt(const Napi::Object& options, const char* name, int& out) {
  const Napi::Value value = options.Get(name);
  if (!value.IsNumber()) {
    Napi::TypeError::New(options.Env(), std::string(name) + " is not a number").ThrowAsJavaScriptException();
    return false;
  }
  out = value.As<Napi::Number>().Int32Value();
  return true;
}

bool readString(const Napi::Object& options, const char* name, std::string& out) {
  const Napi::Value value = options.Get(name);
  if (!value.IsString()) {
    Napi::TypeError::New(options.Env(), std::string(name) + " is not a string").ThrowAsJavaScriptException();
    return false;
  }
  out = value.As<Napi::String>().Utf8Value();
  return true;
}

namespace {

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exportLauncher(env, exports);
  exportMessages(env, exports);
  exportPoll(env, exports);
  exportFiles(env, exports);
  exportTrace(env, exports);
  exportCgroups(env, exports);
  exportClock(env, exports);
  exportKvm(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(ringside, initialize)

}  // namespace ringside::addon
