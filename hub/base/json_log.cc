#include "hub/base/json_log.h"

#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "hub/base/limits.h"

namespace signpost::base {
namespace {

constexpr absl::string_view kLevelNames[] = {"debug", "info", "warning", "error"};
// Room for `,"fields_dropped":<number>}` and the line's end.
constexpr size_t kTailBytes = 48;

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

// What could move a cursor, end a line or hide text where the log is read.
bool NeedsEscape(uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f) ||
         (code_point >= 0x2028 && code_point <= 0x202e) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

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

void JsonLog::Write(LogLevel level, LogName event, std::initializer_list<LogField> fields) {
  if (level < level_min_) return;
  std::string line =
      absl::StrCat("{\"time\":\"",
                   absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", clock_->Now(), absl::UTCTimeZone()),
                   "\",\"level\":\"", kLevelNames[static_cast<size_t>(level)], "\",\"event\":\"",
                   event.c_str(), "\"");
  int dropped = 0;
  std::string rendered;
  for (const LogField& field : fields) {
    rendered.clear();
    absl::StrAppend(&rendered, ",\"", field.key_.c_str(), "\":");
    AppendValue(field.value_, &rendered);
    if (line.size() + rendered.size() + kTailBytes > kLogLineBytesMax) {
      ++dropped;
    } else {
      line += rendered;
    }
  }
  if (dropped > 0) absl::StrAppend(&line, ",\"fields_dropped\":", dropped);
  line += "}\n";

  absl::MutexLock lock(&mutex_);
  if (std::fwrite(line.data(), 1, line.size(), sink_) != line.size() || std::fflush(sink_) != 0) {
    ++lines_lost_;
    std::clearerr(sink_);
  }
}

int64_t JsonLog::lines_lost() const {
  absl::MutexLock lock(&mutex_);
  return lines_lost_;
}

void AppendJsonString(absl::string_view text, std::string* out) {
  out->push_back('"');
  for (size_t at = 0; at < text.size();) {
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
