#include "stats.h"

#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "../descriptor.h"
#include "agent-protocol.h"
#include "report.h"

namespace ringside::guest {

namespace {

std::string readFile(const char* path) {
  const Descriptor file(open(path, O_RDONLY | O_CLOEXEC));
  std::string text;
  char part[4096];
  for (ssize_t count; file && (count = read(file.get(), part, sizeof part)) > 0;) text.append(part, static_cast<size_t>(count));
  return text;
}

// The number behind a word at the beginning of a line.
uint64_t numberAfter(const std::string& text, const char* word) {
  const std::string inner = std::string("\n") + word;
  const char* at = text.compare(0, strlen(word), word) == 0 ? text.c_str() : strstr(text.c_str(), inner.c_str());
  unsigned long long value = 0;
  if (at == nullptr || sscanf(at + (*at == '\n' ? 1 : 0) + strlen(word), "%llu", &value) != 1) return 0;
  return value;
}

struct Ticks {
  unsigned long long user, nice, system, idle, wait, hardwareInterrupts, softInterrupts, stolen;
};

Ticks readTicks(const std::string& text) {
  Ticks t{};
  sscanf(text.c_str(), "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t.user, &t.nice, &t.system, &t.idle, &t.wait,
         &t.hardwareInterrupts, &t.softInterrupts, &t.stolen);
  return t;
}

uint64_t countProcesses() {
  uint64_t count = 0;
  DIR* directory = opendir("/proc");
  if (directory == nullptr) return 0;
  while (const dirent* entry = readdir(directory)) count += isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0 ? 1 : 0;
  closedir(directory);
  return count;
}

}  // namespace

std::string readStats() {
  const std::string memory = readFile("/proc/meminfo");
  const std::string processor = readFile("/proc/stat");
  const Ticks ticks = readTicks(processor);
  const uint64_t tickNs = 1'000'000'000U / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  const auto bytes = [&memory](const char* word) { return numberAfter(memory, word) * 1024; };
  const uint64_t fields[] = {
      bytes("MemTotal:"),
      bytes("MemFree:"),
      bytes("MemAvailable:"),
      bytes("Buffers:") + bytes("Cached:"),
      bytes("SwapTotal:"),
      bytes("SwapFree:"),
      clockNs(),
      (ticks.user + ticks.nice) * tickNs,
      (ticks.system + ticks.hardwareInterrupts + ticks.softInterrupts) * tickNs,
      ticks.idle * tickNs,
      ticks.wait * tickNs,
      ticks.stolen * tickNs,
      static_cast<uint64_t>(sysconf(_SC_NPROCESSORS_ONLN)),
      countProcesses(),
      numberAfter(processor, "procs_running"),
  };
  std::string all;
  for (uint64_t field : fields) all += number64(field);
  return all;
}

}  // namespace ringside::guest
