#include "agent-protocol.h"

#include <algorithm>
#include <cstring>

namespace ringside::guest {

namespace {

constexpr uint32_t kHelloBytes = 12;

const KindRow* rowOf(const KindRow* rows, size_t count, uint8_t kind) {
  const KindRow* end = rows + count;
  const KindRow* found = std::find_if(rows, end, [kind](const KindRow& row) { return row.kind == kind; });
  return found == end ? nullptr : found;
}

uint32_t number32At(const char* bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

// Takes fields off the front; once one is missing, `isWhole` is false for good.
class Payload {
 public:
  explicit Payload(std::string_view rest) : rest_(rest) {}

  template <typename Number>
  Number number() {
    Number value{};
    if (rest_.size() < sizeof value) {
      isBroken_ = true;
      return value;
    }
    memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }

  // A length, that many bytes without a zero, and a zero.
  std::string string() {
    const uint32_t length = number<uint32_t>();
    if (isBroken_ || rest_.size() <= length || rest_[length] != '\0' || rest_.find('\0') != length) {
      isBroken_ = true;
      return {};
    }
    std::string value(rest_.substr(0, length));
    rest_.remove_prefix(length + 1);
    return value;
  }

  std::vector<std::string> strings() {
    const uint32_t count = number<uint32_t>();
    std::vector<std::string> values;
    for (uint32_t i = 0; i < count && !isBroken_; i++) values.push_back(string());
    return values;
  }

  bool isWhole() const { return !isBroken_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool isBroken_ = false;
};

}  // namespace

void FrameReader::push(const char* bytes, size_t count) {
  pending_.erase(0, at_);
  at_ = 0;
  pending_.append(bytes, count);
}

Found FrameReader::next(Frame& frame) {
  if (isSeeking_ && !findGreeting()) return Found::nothing;
  if (pending_.size() - at_ < kHeaderBytes) return Found::nothing;
  const char* head = pending_.data() + at_;
  const size_t length = number32At(head);
  const uint8_t kind = static_cast<uint8_t>(head[4]);
  const KindRow* row = rowOf(kHostKinds, std::size(kHostKinds), kind);
  if (row == nullptr || length > row->mostBytes) return Found::nonsense;
  if (pending_.size() - at_ - kHeaderBytes < length) return Found::nothing;
  frame.kind = static_cast<HostKind>(kind);
  frame.payload = std::string_view(pending_).substr(at_ + kHeaderBytes, length);
  at_ += kHeaderBytes + length;
  return Found::frame;
}

void FrameReader::seek() {
  pending_.clear();
  at_ = 0;
  isSeeking_ = true;
}

// By the head of its frame and the version. Of what is no greeting, only what may be the beginning of one is kept.
bool FrameReader::findGreeting() {
  const std::string mark = number32(kHelloBytes) + static_cast<char>(HostKind::hello) + number32(kProtocolVersion);
  const size_t found = pending_.find(mark, at_);
  isSeeking_ = found == std::string::npos;
  at_ = isSeeking_ ? std::max(at_, pending_.size() - std::min(pending_.size(), mark.size() - 1)) : found;
  return !isSeeking_;
}

bool parseHello(std::string_view payload, uint32_t& version, uint64_t& session) {
  Payload fields(payload);
  version = fields.number<uint32_t>();
  session = fields.number<uint64_t>();
  return fields.isWhole();
}

bool parseExec(std::string_view payload, ExecRequest& request) {
  Payload fields(payload);
  request.hasTerminal = fields.number<uint32_t>() != 0;
  request.columns = fields.number<uint16_t>();
  request.rows = fields.number<uint16_t>();
  request.hasInput = fields.number<uint32_t>() != 0;
  request.directory = fields.string();
  request.user = fields.string();
  request.command = fields.strings();
  request.environment = fields.strings();
  return fields.isWhole() && !request.command.empty();
}

bool parseSize(std::string_view payload, uint16_t& columns, uint16_t& rows) {
  Payload fields(payload);
  columns = fields.number<uint16_t>();
  rows = fields.number<uint16_t>();
  return fields.isWhole();
}

bool parseNumber(std::string_view payload, uint32_t& number) {
  Payload fields(payload);
  number = fields.number<uint32_t>();
  return fields.isWhole();
}

bool parseStop(std::string_view payload, uint32_t& signal, uint32_t& graceMs) {
  Payload fields(payload);
  signal = fields.number<uint32_t>();
  graceMs = fields.number<uint32_t>();
  return fields.isWhole();
}

bool parseNetwork(std::string_view payload, NetworkRequest& request) {
  Payload fields(payload);
  request.prefixLength = fields.number<uint32_t>();
  request.address = fields.string();
  request.gateway = fields.string();
  request.nameServer = fields.string();
  return fields.isWhole();
}

std::string number32(uint32_t value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); }

std::string number64(uint64_t value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); }

std::string makeFrame(GuestKind kind, std::string_view payload) {
  const KindRow* row = rowOf(kGuestKinds, std::size(kGuestKinds), static_cast<uint8_t>(kind));
  const std::string_view cut = payload.substr(0, row == nullptr ? 0 : row->mostBytes);
  std::string frame = number32(static_cast<uint32_t>(cut.size()));
  frame.push_back(static_cast<char>(kind));
  frame.append(cut);
  return frame;
}

}  // namespace ringside::guest
