// Waiting for a descriptor in Node's own event loop (uv_poll_t). It watches a duplicate, so that one descriptor can be
// watched for reading and for writing at once, and closing the original cannot leave a stale watch behind.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

#include "errors.h"
#include "exports.h"

namespace ringside::addon {

namespace {

class Poll : public Napi::ObjectWrap<Poll> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Poll", {InstanceMethod<&Poll::stop>("stop")});
  }

  explicit Poll(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Poll>(info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    int fd, events;
    uv_loop_t* loop;
    if (!readInt(options, "fd", fd) || !readInt(options, "events", events)) return;
    const int watched = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (watched < 0) {
      throwSystemError(info.Env(), errno, "fcntl");
      return;
    }
    napi_get_uv_event_loop(info.Env(), &loop);
    handle_ = new Handle{{}, this, watched};
    const int failed = uv_poll_init(loop, &handle_->poll, watched);
    if (failed != 0) {
      close(watched);
      delete handle_;
      handle_ = nullptr;
      throwSystemError(info.Env(), -failed, "epoll_ctl");
      return;
    }
    handle_->poll.data = handle_;
    callback_ = Napi::Persistent(options.Get("onReady").As<Napi::Function>());
    context_ = std::make_unique<Napi::AsyncContext>(info.Env(), "ringside.Poll");
    Ref();  // an active watch keeps itself alive, as Node's own handles do
    uv_poll_start(&handle_->poll, (events & (UV_READABLE | UV_WRITABLE)) | UV_DISCONNECT, &Poll::onReady);
  }

  ~Poll() override { release(); }

 private:
  struct Handle {
    uv_poll_t poll;
    Poll* owner;
    int fd;
  };

  static void onReady(uv_poll_t* poll, int, int) {
    Poll* owner = static_cast<Handle*>(poll->data)->owner;
    if (owner == nullptr) return;
    const Napi::HandleScope scope(owner->Env());
    owner->callback_.MakeCallback(owner->Env().Global(), {}, *owner->context_);
  }

  void stop(const Napi::CallbackInfo&) {
    if (handle_ == nullptr) return;
    release();
    Unref();
  }

  // The handle outlives the object until the loop has closed it.
  void release() {
    if (handle_ == nullptr) return;
    Handle* handle = std::exchange(handle_, nullptr);
    handle->owner = nullptr;
    uv_poll_stop(&handle->poll);
    uv_close(reinterpret_cast<uv_handle_t*>(&handle->poll), [](uv_handle_t* closed) {
      Handle* handle = static_cast<Handle*>(closed->data);
      close(handle->fd);
      delete handle;
    });
  }

  Handle* handle_ = nullptr;
  Napi::FunctionReference callback_;
  std::unique_ptr<Napi::AsyncContext> context_;
};

}  // namespace

void exportPoll(Napi::Env env, Napi::Object exports) { exports.Set("Poll", Poll::define(env)); }

}  // namespace ringside::addon
