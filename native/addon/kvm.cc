// The tiny guest (kvm-guest.h) as a promise: it runs on a thread of libuv's pool, never on the one that runs JavaScript.
#include <napi.h>

#include <cstring>

#include "errors.h"
#include "exports.h"
#include "kvm-guest.h"

namespace ringside::addon {

namespace {

const char* nameOf(kvm::Ending ending) {
  switch (ending) {
    case kvm::Ending::ended: return "ended";
    case kvm::Ending::shutdown: return "shutdown";
    case kvm::Ending::timedOut: return "timedOut";
    case kvm::Ending::tooManyExits: return "tooManyExits";
    case kvm::Ending::unknownExit: return "unknownExit";
  }
  return "unknownExit";
}

class GuestWorker : public Napi::AsyncWorker {
 public:
  GuestWorker(Napi::Env env, kvm::GuestOptions options)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), options_(std::move(options)) {}
  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override { result_ = kvm::runGuest(options_); }

  void OnOK() override {
    const Napi::Env env = Env();
    if (const auto* failure = std::get_if<kvm::GuestFailure>(&result_)) deferred_.Reject(errorOf(env, *failure));
    else deferred_.Resolve(objectOf(env, std::get<kvm::GuestReport>(result_)));
  }

 private:
  static Napi::Value errorOf(Napi::Env env, const kvm::GuestFailure& failure) {
    throwSystemError(env, failure.error, failure.call, "/dev/kvm");
    return env.GetAndClearPendingException().Value();
  }

  static Napi::Value objectOf(Napi::Env env, const kvm::GuestReport& report) {
    Napi::Object result = Napi::Object::New(env);
    Napi::Array steps = Napi::Array::New(env, report.steps.size());
    for (std::uint32_t i = 0; i < report.steps.size(); i++) {
      Napi::Object step = Napi::Object::New(env);
      step.Set("name", report.steps[i].name);
      step.Set("startNs", static_cast<double>(report.steps[i].startNs));
      step.Set("endNs", static_cast<double>(report.steps[i].endNs));
      steps.Set(i, step);
    }
    result.Set("steps", steps);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(report.exits.data());
    result.Set("exits", Napi::Buffer<std::uint8_t>::Copy(env, bytes, report.exits.size() * sizeof(kvm::Exit)));
    Napi::Array marks = Napi::Array::New(env, report.marks.size());
    for (std::uint32_t i = 0; i < report.marks.size(); i++) {
      Napi::Object counters = Napi::Object::New(env);
      for (const kvm::Counter& counter : report.marks[i].counters) {
        counters.Set(counter.name, static_cast<double>(counter.value));
      }
      Napi::Object mark = Napi::Object::New(env);
      mark.Set("exitIndex", report.marks[i].exitIndex);
      mark.Set("counters", counters);
      marks.Set(i, mark);
    }
    result.Set("marks", marks);
    result.Set("ending", nameOf(report.ending));
    return result;
  }

  Napi::Promise::Deferred deferred_;
  kvm::GuestOptions options_;
  std::variant<kvm::GuestReport, kvm::GuestFailure> result_;
};

// Runs 16-bit code in a virtual machine of its own, to its end.
Napi::Value runKvmGuest(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  int loadAddress, memoryBytes, extraSegment, endPort, markPort, inputByte, mostExits, timeoutMs;
  if (!readInt(options, "loadAddress", loadAddress) || !readInt(options, "memoryBytes", memoryBytes) ||
      !readInt(options, "extraSegment", extraSegment) || !readInt(options, "endPort", endPort) ||
      !readInt(options, "markPort", markPort) || !readInt(options, "inputByte", inputByte) ||
      !readInt(options, "mostExits", mostExits) || !readInt(options, "timeoutMs", timeoutMs))
    return info.Env().Undefined();
  const Napi::Value code = options.Get("code");
  if (!code.IsTypedArray()) {
    Napi::TypeError::New(info.Env(), "code is not bytes").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  const Napi::Uint8Array bytes = code.As<Napi::Uint8Array>();
  kvm::GuestOptions guest;
  guest.code.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  guest.loadAddress = static_cast<std::uint32_t>(loadAddress);
  guest.memoryBytes = static_cast<std::uint32_t>(memoryBytes);
  guest.extraSegment = static_cast<std::uint32_t>(extraSegment);
  guest.endPort = static_cast<std::uint16_t>(endPort);
  guest.markPort = static_cast<std::uint16_t>(markPort);
  guest.inputByte = static_cast<std::uint8_t>(inputByte);
  guest.mostExits = static_cast<std::uint32_t>(mostExits);
  guest.timeoutMs = static_cast<std::uint32_t>(timeoutMs);
  auto* worker = new GuestWorker(info.Env(), std::move(guest));  // deletes itself
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

}  // namespace

void exportKvm(Napi::Env env, Napi::Object exports) { exports.Set("runKvmGuest", Napi::Function::New(env, runKvmGuest)); }

}  // namespace ringside::addon
