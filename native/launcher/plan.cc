#include "plan.h"

#include <cstring>

namespace ringside {

namespace {

constexpr std::uint32_t kMagic = 0x4e4c5052;  // "RPLN"
constexpr std::size_t kMostBytes = 8u << 20;
constexpr std::uint32_t kMostSteps = 4096;

const OperationRow* rowOf(std::uint16_t code) {
  for (const OperationRow& row : kOperations) {
    if (static_cast<std::uint16_t>(row.operation) == code) return &row;
  }
  return nullptr;
}

}  // namespace

// Reads forward through the bytes; the first thing that does not fit makes every later read fail too.
class Decoder {
 public:
  explicit Decoder(Plan& plan)
      : plan_(plan),
        base_(reinterpret_cast<const std::uint8_t*>(plan.storage_.data())),
        end_(plan.storage_.size() * sizeof(std::uint64_t)) {}

  bool run() {
    std::uint32_t magic, version, count, total;
    pair(magic, version);
    pair(count, total);
    if (!good_ || magic != kMagic || version != kFormatVersion || total != end_ || count > kMostSteps) return false;
    plan_.steps_.reserve(count);
    for (std::uint32_t i = 0; i < count; i++) {
      if (!step()) return false;
    }
    return good_ && at_ == end_ && ordered();
  }

 private:
  bool step() {
    const std::size_t start = at_;
    std::uint32_t head, bytes;
    pair(head, bytes);
    const OperationRow* row = rowOf(static_cast<std::uint16_t>(head & 0xffff));
    const std::uint32_t phase = (head >> 16) & 0xff;
    if (!good_ || row == nullptr || phase > static_cast<std::uint32_t>(Phase::abandon) || head >> 24 != row->argumentCount)
      return false;
    Step step{row, static_cast<Phase>(phase), {}};
    for (int i = 0; i < row->argumentCount; i++) argument(row->arguments[i], step.arguments[i]);
    if (!good_ || at_ - start != bytes) return false;
    plan_.steps_.push_back(step);
    return true;
  }

  void argument(ArgumentType type, Argument& out) {
    switch (type) {
      case ArgumentType::u64:
      case ArgumentType::i64:
        out.number = word();
        return;
      case ArgumentType::slot:
        out.number = word();
        if (out.number != kNoSlot && out.number >= kSlotCount) good_ = false;
        return;
      case ArgumentType::string:
        out.text = string(out.length);
        return;
      case ArgumentType::bytes:
        out.text = blob(out.length);
        return;
      case ArgumentType::strings:
        strings(out);
        return;
      case ArgumentType::numbers:
        numbers(out);
        return;
    }
  }

  void strings(Argument& out) {
    out.length = count(8);
    if (!good_) return;
    auto list = std::make_unique<const char*[]>(out.length + 1);
    for (std::uint32_t i = 0; i < out.length; i++) {
      std::uint32_t length;
      list[i] = string(length);
    }
    list[out.length] = nullptr;
    out.texts = list.get();
    plan_.lists_.push_back(std::move(list));
  }

  void numbers(Argument& out) {
    out.length = count(8);
    if (!good_) return;
    out.numbers = reinterpret_cast<const std::uint64_t*>(base_ + at_);
    at_ += std::size_t{out.length} * 8;
  }

  // A list's count, refused when its smallest possible items would not fit in what is left.
  std::uint32_t count(std::size_t bytesEach) {
    std::uint32_t count, zero;
    pair(count, zero);
    if (good_ && count > (end_ - at_) / bytesEach) good_ = false;
    return count;
  }

  const char* blob(std::uint32_t& length) {
    std::uint32_t zero;
    pair(length, zero);
    if (!good_ || length > end_ - at_) {
      good_ = false;
      return nullptr;
    }
    const char* data = reinterpret_cast<const char*>(base_ + at_);
    at_ += (std::size_t{length} + 7) & ~std::size_t{7};
    if (at_ > end_) good_ = false;
    return data;
  }

  const char* string(std::uint32_t& length) {
    const char* data = blob(length);
    // Exactly one NUL, and it is the last byte: what was checked is what the kernel will read.
    if (!good_ || length == 0 || memchr(data, 0, length) != data + length - 1) {
      good_ = false;
      return nullptr;
    }
    length -= 1;
    return data;
  }

  std::uint64_t word() {
    if (end_ - at_ < 8) good_ = false;
    if (!good_) return 0;
    std::uint64_t value;
    memcpy(&value, base_ + at_, 8);
    at_ += 8;
    return value;
  }

  void pair(std::uint32_t& first, std::uint32_t& second) {
    const std::uint64_t value = word();
    first = static_cast<std::uint32_t>(value);
    second = static_cast<std::uint32_t>(value >> 32);
  }

  // Host steps, one of them the only clone; from there on host and child steps in any order, of which the last one is the
  // child's only execute; then cleanup and abandon steps.
  bool ordered() const {
    bool cloned = false, executed = false;
    for (const Step& step : plan_.steps_) {
      const bool late = step.phase == Phase::cleanup || step.phase == Phase::abandon;
      if (late != executed || (step.phase == Phase::child && !cloned)) return false;
      if (step.operation() == Operation::clone) {
        if (cloned || step.phase != Phase::host) return false;
        cloned = true;
      }
      if (step.operation() == Operation::execute) {
        if (step.phase != Phase::child) return false;
        executed = true;
      }
    }
    return executed;
  }

  Plan& plan_;
  const std::uint8_t* base_;
  std::size_t end_;
  std::size_t at_ = 0;
  bool good_ = true;
};

std::unique_ptr<Plan> Plan::decode(std::span<const std::uint8_t> bytes) {
  if (bytes.empty() || bytes.size() % 8 != 0 || bytes.size() > kMostBytes) return nullptr;
  auto plan = std::make_unique<Plan>();
  plan->storage_.resize(bytes.size() / 8);
  memcpy(plan->storage_.data(), bytes.data(), bytes.size());
  if (!Decoder(*plan).run()) return nullptr;
  return plan;
}

void Plan::keepFrom(Phase first) {
  Plan kept;
  std::size_t bytes = 0;
  for (const Step& step : steps_) {
    if (step.phase < first) continue;
    kept.steps_.push_back(step);
    for (const Argument& argument : step.arguments) {
      if (argument.numbers != nullptr) return;
      if (argument.text != nullptr) bytes += argument.length + 1;
      for (std::uint32_t i = 0; argument.texts != nullptr && i < argument.length; i++) bytes += strlen(argument.texts[i]) + 1;
    }
  }
  kept.steps_.shrink_to_fit();
  kept.storage_.resize((bytes + 7) / 8);
  char* at = reinterpret_cast<char*>(kept.storage_.data());
  const auto copy = [&at](const char* text, std::size_t length) {
    char* const begin = at;
    memcpy(begin, text, length);
    begin[length] = 0;
    at += length + 1;
    return begin;
  };
  for (Step& step : kept.steps_) {
    for (Argument& argument : step.arguments) {
      if (argument.text != nullptr) argument.text = copy(argument.text, argument.length);
      if (argument.texts == nullptr) continue;
      auto list = std::make_unique<const char*[]>(argument.length + 1);
      for (std::uint32_t i = 0; i < argument.length; i++) list[i] = copy(argument.texts[i], strlen(argument.texts[i]));
      list[argument.length] = nullptr;
      argument.texts = list.get();
      kept.lists_.push_back(std::move(list));
    }
  }
  storage_ = std::move(kept.storage_);
  steps_ = std::move(kept.steps_);
  lists_ = std::move(kept.lists_);
}

}  // namespace ringside
