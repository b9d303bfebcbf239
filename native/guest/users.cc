#include "users.h"

#include <algorithm>
#include <cstdint>

#include <fcntl.h>
#include <unistd.h>

#include "../descriptor.h"

namespace ringside::guest {

namespace {

constexpr const char* kPasswd = "/etc/passwd";
constexpr const char* kGroup = "/etc/group";
constexpr size_t kMostFileBytes = 1024 * 1024;
constexpr uint64_t kMostId = 0xfffffffe;  // (uid_t)-1 means "unchanged" to setresuid(2)

using Row = std::vector<std::string>;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t at = 0;
  for (size_t end; (end = text.find(separator, at)) != std::string::npos; at = end + 1) parts.push_back(text.substr(at, end - at));
  parts.push_back(text.substr(at));
  return parts;
}

std::vector<Row> rowsOf(const char* path) {
  const Descriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  std::string text;
  char part[4096];
  for (ssize_t count; file && text.size() < kMostFileBytes && (count = read(file.get(), part, sizeof part)) > 0;) {
    text.append(part, static_cast<size_t>(count));
  }
  std::vector<Row> rows;
  for (const std::string& line : split(text, '\n')) rows.push_back(split(line, ':'));
  return rows;
}

// Strictly decimal.
bool parseId(const std::string& text, uint32_t& id) {
  if (text.empty() || text.size() > 10 || (text.size() > 1 && text[0] == '0')) return false;
  uint64_t value = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9') return false;
    value = value * 10 + static_cast<uint64_t>(digit - '0');
  }
  id = static_cast<uint32_t>(value);
  return value <= kMostId;
}

bool isNumber(const std::string& text) { return !text.empty() && (text[0] == '+' || text[0] == '-' || (text[0] >= '0' && text[0] <= '9')); }

const Row* findRow(const std::vector<Row>& rows, size_t column, const std::string& value) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.size() > column && row[column] == value; });
  return found == rows.end() ? nullptr : &*found;
}

bool findGroup(const std::vector<Row>& groups, const std::string& wanted, gid_t& id) {
  if (isNumber(wanted)) return parseId(wanted, id);
  const Row* row = findRow(groups, 0, wanted);
  return row != nullptr && row->size() > 2 && parseId((*row)[2], id);
}

std::vector<gid_t> memberships(const std::vector<Row>& groups, const std::string& name, gid_t own) {
  std::vector<gid_t> ids;
  for (const Row& row : groups) {
    gid_t id;
    if (row.size() < 4 || !parseId(row[2], id) || id == own) continue;
    const std::vector<std::string> members = split(row[3], ',');
    if (std::find(members.begin(), members.end(), name) != members.end()) ids.push_back(id);
  }
  return ids;
}

}  // namespace

std::string findUser(const std::string& wanted, User& found) {
  const std::vector<std::string> parts = split(wanted, ':');
  if (parts.size() > 2 || parts[0].empty()) return "the guest has no user \"" + wanted + "\"";
  const std::vector<Row> users = rowsOf(kPasswd);
  const std::vector<Row> groups = rowsOf(kGroup);
  const Row* row = findRow(users, isNumber(parts[0]) ? 2 : 0, parts[0]);
  const std::string id = isNumber(parts[0]) ? parts[0] : row != nullptr && row->size() > 2 ? (*row)[2] : "";
  if (!parseId(id, found.user)) return "the guest has no user \"" + parts[0] + "\"";
  const std::string group = parts.size() == 2 ? parts[1] : row != nullptr && row->size() > 3 ? (*row)[3] : "0";
  if (!findGroup(groups, group, found.group)) return "the guest has no group \"" + group + "\"";
  found.groups = parts.size() == 2 || row == nullptr ? std::vector<gid_t>{} : memberships(groups, (*row)[0], found.group);
  found.home = row != nullptr && row->size() > 5 ? (*row)[5] : "/";
  return "";
}

std::string homeOf(uid_t user) {
  const std::vector<Row> users = rowsOf(kPasswd);
  const Row* row = findRow(users, 2, std::to_string(user));
  return row != nullptr && row->size() > 5 && !(*row)[5].empty() ? (*row)[5] : "/";
}

}  // namespace ringside::guest
