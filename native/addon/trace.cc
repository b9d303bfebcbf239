// The tracer (tracer.h) as a class of JavaScript. native/kernel.ts waits for its descriptor and takes what there is.
#include <errno.h>
#include <napi.h>

#include <memory>

#include "errors.h"
#include "exports.h"
#include "tracer.h"

namespace ringside::addon {

namespace {

class TracerObject : public Napi::ObjectWrap<TracerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Tracer",
                       {InstanceMethod<&TracerObject::attach>("attach"), InstanceMethod<&TracerObject::detach>("detach"),
                        InstanceMethod<&TracerObject::take>("take"), InstanceMethod<&TracerObject::close>("close"),
                        InstanceAccessor<&TracerObject::descriptor>("descriptor")});
  }

  explicit TracerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TracerObject>(info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    int pid, follow, fromExec, mostBytes, mostTextBytes, mostDataBytes;
    if (!readInt(options, "pid", pid) || !readInt(options, "follow", follow) || !readInt(options, "fromExec", fromExec) ||
        !readInt(options, "mostBytes", mostBytes) || !readInt(options, "mostTextBytes", mostTextBytes) ||
        !readInt(options, "mostDataBytes", mostDataBytes))
      return;
    const auto rows = options.Get("captures").As<Napi::Uint8Array>();
    std::vector<Capture> captures(rows.ByteLength() / sizeof(Capture));
    memcpy(captures.data(), rows.Data(), captures.size() * sizeof(Capture));
    TraceSettings settings{follow != 0, fromExec != 0, static_cast<std::size_t>(mostBytes),
                           CaptureTable(captures.data(), captures.size(), static_cast<std::size_t>(mostTextBytes),
                                        static_cast<std::size_t>(mostDataBytes))};
    tracer_ = std::make_unique<Tracer>(std::move(settings));
    if (const int error = tracer_->start(pid); error != 0) {
      end();
      throwSystemError(info.Env(), error, "ptrace", std::to_string(pid));
    }
  }

  ~TracerObject() override { end(); }

 private:
  Napi::Value descriptor(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), tracer_ ? tracer_->descriptor() : -1);
  }

  // False when the process has gone, or everything has ended already.
  Napi::Value attach(const Napi::CallbackInfo& info) {
    int pid;
    if (!readInt(info[0].As<Napi::Object>(), "pid", pid)) return info.Env().Undefined();
    const int error = tracer_ ? tracer_->attach(pid) : ESRCH;
    if (error != 0 && error != ESRCH) return throwSystemError(info.Env(), error, "ptrace", std::to_string(pid));
    return Napi::Boolean::New(info.Env(), error == 0);
  }

  void detach(const Napi::CallbackInfo&) {
    if (tracer_) tracer_->detach();
  }

  // { data, lost }; null: nothing will come any more.
  Napi::Value take(const Napi::CallbackInfo& info) {
    std::string records;
    std::uint64_t lost = 0;
    if (!tracer_ || !tracer_->take(records, lost)) return info.Env().Null();
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("data", Napi::Buffer<char>::Copy(info.Env(), records.data(), records.size()));
    result.Set("lost", Napi::Number::New(info.Env(), static_cast<double>(lost)));
    return result;
  }

  void close(const Napi::CallbackInfo&) { end(); }

  // A process that cannot be let go is let go by the kernel, at the latest with us; until then the thread needs its object.
  void end() {
    if (tracer_ && !tracer_->end()) static_cast<void>(tracer_.release());
    tracer_.reset();
  }

  std::unique_ptr<Tracer> tracer_;
};

}  // namespace

void exportTrace(Napi::Env env, Napi::Object exports) { exports.Set("Tracer", TracerObject::define(env)); }

}  // namespace ringside::addon
