// Messages with descriptors (unix(7), SCM_RIGHTS) and sealed memory (memfd_create(2)).
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "../descriptor.h"
#include "../launcher/socket.h"
#include "../protocol.h"
#include "errors.h"
#include "exports.h"

namespace ringside::addon {

namespace {

constexpr std::size_t kMostReplyBytes = 256 * 1024;

Napi::Value sendWithDescriptors(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  int socket;
  if (!readInt(options, "socket", socket)) return info.Env().Undefined();
  const auto data = options.Get("data").As<Napi::Uint8Array>();
  const auto list = options.Get("descriptors").As<Napi::Array>();
  std::vector<int> fds;
  for (std::uint32_t i = 0; i < list.Length(); i++) fds.push_back(list.Get(i).As<Napi::Number>().Int32Value());
  if (fds.size() > kMostDescriptors) return throwSystemError(info.Env(), E2BIG, "sendmsg");
  if (!sendMessage(socket, data.Data(), data.ByteLength(), fds.data(), static_cast<unsigned>(fds.size())))
    return throwSystemError(info.Env(), errno, "sendmsg");
  return info.Env().Undefined();
}

// undefined: nothing there yet; null: the other end is closed; else { data, descriptors }.
Napi::Value receiveWithDescriptors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int socket;
  if (!readInt(info[0].As<Napi::Object>(), "socket", socket)) return env.Undefined();
  std::vector<char> buffer(kMostReplyBytes);
  int fds[kMostDescriptors];
  const Received received = receiveMessage(socket, buffer.data(), buffer.size(), fds, kMostDescriptors);
  if (received.bytes == 0 || (received.bytes < 0 && errno == ECONNRESET)) return env.Null();
  if (received.bytes < 0) {
    if (errno == EAGAIN) return env.Undefined();
    return throwSystemError(env, errno, "recvmsg");
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("data", Napi::Buffer<char>::Copy(env, buffer.data(), static_cast<std::size_t>(received.bytes)));
  Napi::Array descriptors = Napi::Array::New(env, received.fdCount);
  for (unsigned i = 0; i < received.fdCount; i++) descriptors.Set(i, Napi::Number::New(env, fds[i]));
  result.Set("descriptors", descriptors);
  return result;
}

// A copy of `data` that nobody can change any more, as a descriptor.
Napi::Value sealedMemory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto data = info[0].As<Napi::Object>().Get("data").As<Napi::Uint8Array>();
  Descriptor memory(memfd_create("ringside-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return throwSystemError(env, errno, "memfd_create");
  for (std::size_t at = 0; at < data.ByteLength();) {
    const ssize_t count = write(memory.get(), data.Data() + at, data.ByteLength() - at);
    if (count < 0) return throwSystemError(env, errno, "write");
    at += static_cast<std::size_t>(count);
  }
  if (fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
    return throwSystemError(env, errno, "fcntl");
  return Napi::Number::New(env, memory.release());
}

}  // namespace

void exportMessages(Napi::Env env, Napi::Object exports) {
  exports.Set("sendMessage", Napi::Function::New(env, sendWithDescriptors));
  exports.Set("receiveMessage", Napi::Function::New(env, receiveWithDescriptors));
  exports.Set("sealedMemory", Napi::Function::New(env, sealedMemory));
}

}  // namespace ringside::addon
