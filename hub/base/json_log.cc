#include "hub/base/json_log.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "hub/base/limits.h"

namespace signpost::base {
namespace {

constexpr absl::string_view kLevelNames[] = {"debug", "info", "warning", "error"};
// Room for `,"fields_dropped":<number>}` and the line's end.
constexpr size_t kTailBytes = 48;
constexpr size_t kLineBytesUsual = 384;
// Past this, whoever gives a line writes.
constexpr size_t kWaitingBytesMax = 1u << 20;

// Length of the UTF-8 sequence at `at` and its code point; 0 when it is not well formed.
size_t DecodeUtf8(absl::string_view text, size_t at, uint32_t* code_point) {
  const auto byte = [&](size_t i) -> uint32_t { return static_cast<unsigned char>(text[i]); };
  const uint32_t first = byte(at);
  if (first < 0x80) {
    *code_point = first;
    return 1;
  }
  size_t length = 0;
  uint32_t smallest = 0;
  if ((first & 0xe0) == 0xc0) {
    length = 2, smallest = 0x80, *code_point = first & 0x1f;
  } else if ((first & 0xf0) == 0xe0) {
    length = 3, smallest = 0x800, *code_point = first & 0x0f;
  } else if ((first & 0xf8) == 0xf0) {
    length = 4, smallest = 0x10000, *code_point = first & 0x07;
  }
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = at + 1; i < at + length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    *code_point = (*code_point << 6) | (byte(i) & 0x3f);
  }
  const bool surrogate = *code_point >= 0xd800 && *code_point <= 0xdfff;
  return (*code_point < smallest || surrogate || *code_point > 0x10ffff) ? 0 : length;
}

// A second in words, as a thread wrote it last. It has nothing to destroy, because lines are written
// until the very end of a process, when whatever the thread had to destroy is gone already.
struct WrittenSecond {
  int64_t second = std::numeric_limits<int64_t>::min();
  size_t size = 0;
  char text[32] = {};
};
static_assert(std::is_trivially_destructible_v<WrittenSecond>);

// "2026-03-01T09:00:00.123Z". All but the milliseconds is kept from line to line, for most come
// within one second.
void AppendTime(absl::Time time, std::string* out) {
  thread_local WrittenSecond kept;
  const int64_t second = absl::ToUnixSeconds(time);
  if (second != kept.second) {
    const std::string text =
        absl::FormatTime("%Y-%m-%d%ET%H:%M:%S", absl::FromUnixSeconds(second), absl::UTCTimeZone());
    kept.second = second;
    kept.size = text.copy(kept.text, sizeof(kept.text));
  }
  absl::StrAppend(
      out, absl::string_view(kept.text, kept.size), ".",
      absl::Dec(absl::ToInt64Milliseconds(time - absl::FromUnixSeconds(second)), absl::kZeroPad3),
      "Z");
}

// What could move a cursor, end a line or hide text where the log is read.
bool NeedsEscape(uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f) ||
         (code_point >= 0x2028 && code_point <= 0x202e) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

// Printable ASCII that stands for itself in JSON.
bool IsPlain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void AppendValue(const std::variant<bool, int64_t, double, absl::string_view>& value,
                 std::string* out) {
  if (const bool* flag = std::get_if<bool>(&value)) {
    out->append(*flag ? "true" : "false");
  } else if (const int64_t* number = std::get_if<int64_t>(&value)) {
    absl::StrAppend(out, *number);
  } else if (const double* real = std::get_if<double>(&value)) {
    std::isfinite(*real) ? absl::StrAppend(out, *real) : absl::StrAppend(out, "null");
  } else {
    absl::string_view text = std::get<absl::string_view>(value);
    if (text.size() <= kLogValueBytesMax) {
      AppendJsonString(text, out);
      return;
    }
    size_t end = kLogValueBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    AppendJsonString(text.substr(0, end), out);
    out->insert(out->size() - 1, "...");
  }
}

}  // namespace

bool LogLevelFromName(absl::string_view name, LogLevel* level) {
  for (size_t i = 0; i < std::size(kLevelNames); ++i) {
    if (kLevelNames[i] == name) {
      *level = static_cast<LogLevel>(i);
      return true;
    }
  }
  return false;
}

JsonLog::JsonLog(std::FILE* sink, const Clock* clock, LogLevel level_min)
    : sink_(sink), clock_(clock), level_min_(level_min) {}

JsonLog::~JsonLog() {
  std::thread writer;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    writer = std::move(writer_);
  }
  if (writer.joinable()) writer.join();
  Flush();
}

void JsonLog::Write(LogLevel level, LogName event, std::initializer_list<LogField> fields) {
  if (level < level_min_) return;
  (void)Append(Line(level, event, fields));
  Flush();
}

void JsonLog::WriteSoon(LogLevel level, LogName event, std::initializer_list<LogField> fields) {
  if (level < level_min_) return;
  if (Append(Line(level, event, fields))) {
    Flush();
    return;
  }
  absl::MutexLock lock(&mutex_);
  if (!writer_.joinable() && !stopping_) writer_ = std::thread([this] { WriteGathered(); });
}

std::string JsonLog::Line(LogLevel level, LogName event,
                          std::initializer_list<LogField> fields) const {
  std::string line;
  line.reserve(kLineBytesUsual);
  line.append("{\"time\":\"");
  AppendTime(clock_->Now(), &line);
  absl::StrAppend(&line, "\",\"level\":\"", kLevelNames[static_cast<size_t>(level)],
                  "\",\"event\":\"", event.c_str(), "\"");
  int dropped = 0;
  for (const LogField& field : fields) {
    const size_t before = line.size();
    absl::StrAppend(&line, ",\"", field.key_.c_str(), "\":");
    AppendValue(field.value_, &line);
    if (line.size() + kTailBytes > kLogLineBytesMax) {
      line.resize(before);
      ++dropped;
    }
  }
  if (dropped > 0) absl::StrAppend(&line, ",\"fields_dropped\":", dropped);
  line += "}\n";
  return line;
}

bool JsonLog::Append(const std::string& line) {
  absl::MutexLock lock(&mutex_);
  waiting_ += line;
  ++lines_waiting_;
  return waiting_.size() >= kWaitingBytesMax;
}

void JsonLog::Flush() {
  absl::MutexLock one_at_a_time(&sink_mutex_);
  std::string lines;
  int64_t count = 0;
  {
    absl::MutexLock lock(&mutex_);
    lines.swap(waiting_);
    count = std::exchange(lines_waiting_, 0);
  }
  if (lines.empty()) return;
  const bool written =
      std::fwrite(lines.data(), 1, lines.size(), sink_) == lines.size() && std::fflush(sink_) == 0;
  if (!written) std::clearerr(sink_);
  absl::MutexLock lock(&mutex_);
  if (!written) lines_lost_ += count;
  // The room that was made serves the next lines.
  if (waiting_.empty()) {
    lines.clear();
    waiting_.swap(lines);
  }
}

void JsonLog::WriteGathered() {
  const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !waiting_.empty();
  };
  while (true) {
    {
      absl::MutexLock lock(&mutex_, absl::Condition(&something));
      // Woken by the first line; what comes in the next milliseconds goes with it.
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), absl::Milliseconds(kGatherMs))) {
        return;
      }
    }
    Flush();
  }
}

int64_t JsonLog::lines_lost() const {
  absl::MutexLock lock(&mutex_);
  return lines_lost_;
}

void AppendJsonString(absl::string_view text, std::string* out) {
  out->push_back('"');
  for (size_t at = 0; at < text.size();) {
    // Most texts are plain from end to end.
    size_t plain = at;
    while (plain < text.size() && IsPlain(text[plain])) ++plain;
    out->append(text.data() + at, plain - at);
    at = plain;
    if (at == text.size()) break;
    uint32_t code_point = 0;
    const size_t length = DecodeUtf8(text, at, &code_point);
    if (length == 0) {
      out->append("\xef\xbf\xbd");
      ++at;
      continue;
    }
    if (code_point == '"' || code_point == '\\') {
      out->push_back('\\');
      out->push_back(static_cast<char>(code_point));
    } else if (code_point == '\n') {
      out->append("\\n");
    } else if (NeedsEscape(code_point)) {
      absl::StrAppendFormat(out, "\\u%04x", code_point);
    } else {
      out->append(text.data() + at, length);
    }
    at += length;
  }
  out->push_back('"');
}

}  // namespace signpost::base
