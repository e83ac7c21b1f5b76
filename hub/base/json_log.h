// JsonLog is a log that writes one JSON object a line, for machines and people to read.
//
//   log.Write(LogLevel::kInfo, "hub_started", {{"port", port}, {"entries", size}});
//   {"time":"2026-03-01T09:00:00.000Z","level":"info","event":"hub_started","port":8443,"entries":12}
//
// A log never holds a name, a birth date, a postcode or free text about a person. The types help:
// events and keys are literals in lower_snake_case, checked when compiled; values are numbers,
// booleans and short strings; there is no way to log a protobuf message. Strings given here are ids
// of agencies, methods, reasons, file names.

#ifndef SIGNPOST_HUB_BASE_JSON_LOG_H_
#define SIGNPOST_HUB_BASE_JSON_LOG_H_

#include <concepts>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <thread>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/clock.h"

namespace signpost::base {

enum class LogLevel : int { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3 };

// "info" to kInfo. False for anything else, leaving `level` alone.
bool LogLevelFromName(absl::string_view name, LogLevel* level);

// A literal such as "entries": one to 40 characters, lower case letters, digits after the first,
// and underscores. Anything else does not compile.
class LogName {
 public:
  consteval LogName(const char* name) : name_(name) {  // NOLINT: implicit on purpose
    int length = 0;
    for (const char* c = name; *c != '\0'; ++c, ++length) {
      const bool letter = (*c >= 'a' && *c <= 'z') || *c == '_';
      const bool digit = *c >= '0' && *c <= '9' && length > 0;
      if (!letter && !digit) throw "a log name is lower_snake_case";
    }
    if (length == 0 || length > 40) throw "a log name has 1 to 40 characters";
  }
  const char* c_str() const { return name_; }

 private:
  const char* name_;
};

class LogField {
 public:
  LogField(LogName key, bool value) : key_(key), value_(value) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) LogField(LogName key, T value)
      : key_(key), value_(static_cast<int64_t>(value)) {}
  LogField(LogName key, double value) : key_(key), value_(value) {}
  LogField(LogName key, absl::string_view value) : key_(key), value_(value) {}
  LogField(LogName key, const std::string& value) : key_(key), value_(absl::string_view(value)) {}
  LogField(LogName key, const char* value) : key_(key), value_(absl::string_view(value)) {}

 private:
  friend class JsonLog;
  LogName key_;
  // A field lives as long as the call that logs it, so text need not be copied.
  std::variant<bool, int64_t, double, absl::string_view> value_;
};

// A JsonLog is the writer of one sink. Thread-safe; lines of several threads never mix, and stand
// in the order in which they were given. `sink` and `clock` are not owned and must outlive it.
//
// Two kinds of line: Write(), and what stands on it, writes at once, with all that waits. Lines for
// which nobody waits and of which there are thousands a second, those of calls that went well, go
// through WriteSoon(): a thread of this object's, begun with the first of them, writes what has
// gathered every few milliseconds. A process that is killed loses those few milliseconds of them
// and nothing else.
class JsonLog {
 public:
  // How long a line of WriteSoon() gathers others.
  static constexpr int kGatherMs = 5;

  JsonLog(std::FILE* sink, const Clock* clock, LogLevel level_min = LogLevel::kInfo);
  // Writes what waits.
  ~JsonLog();
  JsonLog(const JsonLog&) = delete;
  JsonLog& operator=(const JsonLog&) = delete;

  // Writes one line and flushes it. Strings past kLogValueBytesMax are cut and end in "..."; fields
  // that would take the line past kLogLineBytesMax are left out and counted in "fields_dropped".
  // What is not UTF-8 is replaced; control characters are escaped, so that no value can forge a
  // line. A sink that fails is not an error: the hub goes on, and `lines_lost` counts.
  void Write(LogLevel level, LogName event, std::initializer_list<LogField> fields = {});
  // The same about kGatherMs later, or with the next line that is written at once.
  void WriteSoon(LogLevel level, LogName event, std::initializer_list<LogField> fields = {});
  // Writes what waits. Returns when it is with the system.
  void Flush();

  void Info(LogName event, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kInfo, event, fields);
  }
  void Warning(LogName event, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kWarning, event, fields);
  }
  void Error(LogName event, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kError, event, fields);
  }

  int64_t lines_lost() const;

 private:
  std::string Line(LogLevel level, LogName event, std::initializer_list<LogField> fields) const;
  // True when so much waits that the caller must write it.
  bool Append(const std::string& line);
  void WriteGathered();

  std::FILE* const sink_;
  const Clock* const clock_;
  const LogLevel level_min_;

  // Held while writing, and before mutex_: whoever gives a line waits for no disk.
  absl::Mutex sink_mutex_;
  mutable absl::Mutex mutex_;
  std::string waiting_ ABSL_GUARDED_BY(mutex_);
  int64_t lines_waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t lines_lost_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread writer_ ABSL_GUARDED_BY(mutex_);  // from the first WriteSoon()
};

// Appends `text` as a JSON string with quotes; what is not UTF-8 becomes U+FFFD.
void AppendJsonString(absl::string_view text, std::string* out);

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_JSON_LOG_H_
