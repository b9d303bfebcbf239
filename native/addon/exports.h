#pragma once
#include <napi.h>

namespace ringside::addon {

void exportLauncher(Napi::Env env, Napi::Object exports);
void exportMessages(Napi::Env env, Napi::Object exports);
void exportPoll(Napi::Env env, Napi::Object exports);
void exportFiles(Napi::Env env, Napi::Object exports);
void exportTrace(Napi::Env env, Napi::Object exports);
void exportCgroups(Napi::Env env, Napi::Object exports);
void exportClock(Napi::Env env, Napi::Object exports);
void exportKvm(Napi::Env env, Napi::Object exports);

}  // namespace ringside::addon
