#include "monitor-record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../descriptor.h"

namespace ringside::record {

namespace {

constexpr int kSignalExitBase = 128;

// ISO 8601 with nanoseconds, UTC. By hand, since gmtime_r would read the machine's time zone files.
// The calendar is Howard Hinnant's civil_from_days.
std::string isoTime() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const long long days = now.tv_sec / 86400 + 719468;
  const int second = static_cast<int>(now.tv_sec % 86400);
  const long long era = days / 146097;
  const int dayOfEra = static_cast<int>(days - era * 146097);
  const int yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const int dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const int shifted = (5 * dayOfYear + 2) / 153;
  const int month = shifted < 10 ? shifted + 3 : shifted - 9;
  char text[64];
  snprintf(text, sizeof text, "%04lld-%02d-%02dT%02d:%02d:%02d.%09ldZ", yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
           dayOfYear - (153 * shifted + 2) / 5 + 1, second / 3600, second / 60 % 60, second % 60, now.tv_nsec);
  return text;
}

// The kernel's files are ASCII; whatever else there should be is shown as a question mark.
void appendString(std::string& json, std::string_view text) {
  json.push_back('"');
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') json.push_back('\\');
    if (byte == '\n') json.append("\\n");
    else if (byte == '\t') json.append("\\t");
    else json.push_back(byte < 0x20 || byte > 0x7e ? '?' : byte);
  }
  json.push_back('"');
}

template <typename Use>
void forEachReport(std::string_view reports, Use use) {
  while (!reports.empty()) {
    const std::size_t name = reports.find('\0');
    std::uint32_t length;
    if (name == std::string_view::npos || reports.size() - name - 1 < sizeof length) return;
    memcpy(&length, reports.data() + name + 1, sizeof length);
    const std::size_t value = name + 1 + sizeof length;
    if (length > reports.size() - value) return;
    use(reports.substr(0, name), reports.substr(value, length));
    reports.remove_prefix(value + length);
  }
}

// memory.events of v2, memory.oom_control of v1: a line `oom_kill N`.
bool ranOutOfMemory(std::string_view reports) {
  bool killed = false;
  forEachReport(reports, [&](std::string_view name, std::string_view value) {
    if (name != "memory.events" && name != "memory.oom_control") return;
    constexpr std::string_view key = "oom_kill ";
    for (std::size_t at = value.find(key); at != std::string_view::npos; at = value.find(key, at + 1)) {
      if (at == 0 || value[at - 1] == '\n') killed = killed || value[at + key.size()] != '0';
    }
  });
  return killed;
}

}  // namespace

bool writeExit(const char* path, const Ending& ending) {
  std::string json = "{\"schema\":\"ringside.exit/1\",\"at\":\"" + isoTime() + "\"";
  const auto member = [&](const char* name, std::uint64_t value) {
    json.append(",\"").append(name).append("\":").append(std::to_string(value));
  };
  member("waitStatus", static_cast<std::uint64_t>(ending.waitStatus));
  member("userUs", ending.userUs);
  member("systemUs", ending.systemUs);
  member("maxRssKiB", ending.maxRssKiB);
  json.append(",\"reports\":{");
  bool first = true;
  forEachReport(ending.reports, [&](std::string_view name, std::string_view value) {
    if (!first) json.push_back(',');
    first = false;
    appendString(json, name);
    json.push_back(':');
    appendString(json, value);
  });
  json.append("}}\n");

  const std::string temporary = std::string(path) + ".new";
  const Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return false;
  const ssize_t written = write(file.get(), json.data(), json.size());
  if (written != static_cast<ssize_t>(json.size())) {
    if (written >= 0) errno = ENOSPC;
    return false;
  }
  return rename(temporary.c_str(), path) == 0;
}

void appendEvent(const char* path, const char* event, const Ending* ending) {
  std::string line = event;
  line.append("\"time\":\"").append(isoTime()).push_back('"');
  if (ending != nullptr) {
    const int status = ending->waitStatus;
    const int code = WIFSIGNALED(status) ? kSignalExitBase + WTERMSIG(status) : WEXITSTATUS(status);
    line.append(",\"exitCode\":").append(std::to_string(code));
    line.append(",\"oomKilled\":").append(ranOutOfMemory(ending->reports) ? "true" : "false");
  }
  line.append("}\n");
  const Descriptor file(open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  // One write, so that lines of several writers do not mix (open(2), O_APPEND). Without room the event is lost.
  if (file && write(file.get(), line.data(), line.size()) < 0) return;
}

}  // namespace ringside::record
