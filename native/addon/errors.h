// Failures of system calls as JavaScript errors of Node's own shape: message, code, errno, syscall, path.
#pragma once
#include <napi.h>

#include <string>

namespace ringside::addon {

// Throws `CODE: words, syscall 'path'` into JavaScript; the caller returns at once.
Napi::Value throwSystemError(Napi::Env env, int error, const char* syscall, const std::string& path = "");

// The number or string of an options object; throws a TypeError when it has another type.
bool readInt(const Napi::Object& options, const char* name, int& out);
bool readString(const Napi::Object& options, const char* name, std::string& out);

}  // namespace ringside::addon
