#include "hub/base/json_log.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "hub/base/limits.h"
#include "hub/base/strict_json.h"

namespace signpost::base {
namespace {

class JsonLogTest : public ::testing::Test {
 protected:
  JsonLogTest() : sink_(open_memstream(&text_, &size_)) {}
  ~JsonLogTest() override {
    std::fclose(sink_);
    std::free(text_);
  }
  std::string Written() {
    std::fflush(sink_);
    return std::string(text_, size_);
  }

  char* text_ = nullptr;
  size_t size_ = 0;
  std::FILE* sink_;
  ManualClock clock_{absl::FromUnixMillis(1'772'355'600'123)};
  JsonLog log_{sink_, &clock_};
};

TEST_F(JsonLogTest, OneObjectALine) {
  log_.Info("hub_started", {{"port", 8443}, {"tls", true}, {"agency", "nortown-yot"}, {"s", 0.5}});
  EXPECT_EQ(Written(),
            "{\"time\":\"2026-03-01T09:00:00.123Z\",\"level\":\"info\",\"event\":\"hub_started\","
            "\"port\":8443,\"tls\":true,\"agency\":\"nortown-yot\",\"s\":0.5}\n");
}

// A log that writes its last line when the process ends, behind whatever the thread had of its own.
class LastWords {
 public:
  ~LastWords() {
    clock_.Advance(absl::Seconds(1));
    log_.Info("gone");
  }
  JsonLog& log() { return log_; }

 private:
  ManualClock clock_{absl::FromUnixSeconds(1'772'355'600)};
  JsonLog log_{stderr, &clock_};
};

// Broken on purpose (the second kept in a std::string of the thread's): it is freed twice.
TEST(JsonLogDeathTest, TheLastLineOfAProcessIsWrittenWhole) {
  EXPECT_EXIT(
      {
        static LastWords last;
        last.log().Info("here");
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "09:00:01.000Z.*gone");
}

TEST_F(JsonLogTest, LevelsBelowTheLeastAreNotWritten) {
  log_.Write(LogLevel::kDebug, "quiet");
  EXPECT_EQ(Written(), "");
  log_.Warning("loud");
  log_.Error("louder");
  EXPECT_NE(Written().find("\"level\":\"warning\",\"event\":\"loud\""), std::string::npos);
  EXPECT_NE(Written().find("\"level\":\"error\",\"event\":\"louder\""), std::string::npos);
}

TEST_F(JsonLogTest, NoValueCanForgeALine) {
  static constexpr char kBroken[] = "a\"}\n{\"level\":\"error\"\r\x1b[2J\x7f\0b";
  const std::string hostile =
      std::string(kBroken, sizeof(kBroken) - 1) + "\xc2\x85\xe2\x80\xa8\xe2\x80\xae\\";
  log_.Info("tried", {{"value", hostile}});
  const std::string line = Written();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  for (char c : line.substr(0, line.size() - 1)) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  for (const char* raw : {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xae", "\x7f"}) {
    EXPECT_EQ(line.find(raw), std::string::npos);
  }
  EXPECT_EQ(ParseStrictJson(line).value()["value"], hostile);
}

TEST_F(JsonLogTest, WhatIsNotUtf8IsReplaced) {
  for (const char* bad :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    std::string out;
    AppendJsonString(bad, &out);
    EXPECT_NE(out.find("\xef\xbf\xbd"), std::string::npos);
    EXPECT_TRUE(ParseStrictJson(out).ok());
  }
  std::string out;
  AppendJsonString("Zo\xc3\xab \xf0\x9f\x8c\xb1", &out);
  EXPECT_EQ(out, "\"Zo\xc3\xab \xf0\x9f\x8c\xb1\"");
}

TEST_F(JsonLogTest, ValueAtTheLimitAndOnePast) {
  log_.Info("at", {{"value", std::string(kLogValueBytesMax, 'v')}});
  EXPECT_EQ(Written().find("..."), std::string::npos);
  log_.Info("past", {{"value", std::string(kLogValueBytesMax + 1, 'v')}});
  EXPECT_NE(Written().find("vvv...\"}"), std::string::npos);
}

TEST_F(JsonLogTest, CutsBetweenCharactersAndNotWithin) {
  log_.Info("cut", {{"value", std::string(kLogValueBytesMax - 1, 'v') + "\xc3\xab"}});
  EXPECT_EQ(Written().find("\xef\xbf\xbd"), std::string::npos);
  EXPECT_TRUE(ParseStrictJson(Written()).ok());
}

TEST_F(JsonLogTest, LineNeverPassesItsLimit) {
  const std::string big(kLogValueBytesMax, '\x01');
  log_.Info("long", {{"a", big}, {"b", big}, {"c", 7}, {"d", big}});
  const std::string line = Written();
  EXPECT_LE(line.size(), kLogLineBytesMax);
  const auto json = ParseStrictJson(line).value();
  EXPECT_EQ(json["fields_dropped"], 2);
  EXPECT_EQ(json["c"], 7);
}

TEST_F(JsonLogTest, NumbersAtTheirEnds) {
  log_.Info("ends", {{"low", std::numeric_limits<int64_t>::min()},
                     {"high", std::numeric_limits<int64_t>::max()},
                     {"none", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_NE(Written().find("\"low\":-9223372036854775808,\"high\":9223372036854775807,"
                           "\"none\":null"),
            std::string::npos);
}

TEST_F(JsonLogTest, LinesOfSeveralThreadsDoNotMix) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 200; ++i) log_.Info("line", {{"thread", t}, {"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  int lines = 0;
  for (absl::string_view line : absl::StrSplit(Written(), '\n', absl::SkipEmpty())) {
    EXPECT_TRUE(ParseStrictJson(line).ok());
    ++lines;
  }
  EXPECT_EQ(lines, 800);
}

TEST_F(JsonLogTest, ALineAtOnceBringsThoseThatWait) {
  log_.WriteSoon(LogLevel::kInfo, "first");
  log_.Warning("second");
  const std::string text = Written();
  EXPECT_LT(text.find("\"first\""), text.find("\"second\""));
  EXPECT_NE(text.find("\"second\""), std::string::npos);
}

TEST_F(JsonLogTest, FlushingWritesWhatWaits) {
  log_.WriteSoon(LogLevel::kInfo, "soon", {{"n", 1}});
  log_.Flush();
  EXPECT_NE(Written().find("\"event\":\"soon\",\"n\":1}\n"), std::string::npos);
}

TEST_F(JsonLogTest, LevelsBelowTheLeastAreNotWrittenSoon) {
  log_.WriteSoon(LogLevel::kDebug, "quiet");
  log_.Flush();
  EXPECT_EQ(Written(), "");
}

// The text between its milliseconds' point and its end is the same for all lines of one second.
TEST_F(JsonLogTest, TheTimeOfEachLineIsItsOwn) {
  log_.Info("first");
  clock_.Advance(absl::Milliseconds(876));
  log_.Info("same_second");
  clock_.Advance(absl::Milliseconds(1));
  log_.Info("next_second");
  const std::string text = Written();
  EXPECT_NE(text.find("T09:00:00.123Z\",\"level\":\"info\",\"event\":\"first"), std::string::npos);
  EXPECT_NE(text.find("T09:00:00.999Z\",\"level\":\"info\",\"event\":\"same_"), std::string::npos);
  EXPECT_NE(text.find("T09:00:01.000Z\",\"level\":\"info\",\"event\":\"next_"), std::string::npos);
}

class JsonLogFileTest : public ::testing::Test {
 protected:
  ~JsonLogFileTest() override { std::fclose(sink_); }
  std::string Written() const {
    std::string text;
    std::FILE* const file = std::fopen(absl::StrCat("/proc/self/fd/", fileno(sink_)).c_str(), "r");
    char buffer[4096];
    for (size_t n = 0; (n = std::fread(buffer, 1, sizeof(buffer), file)) > 0;) {
      text.append(buffer, n);
    }
    std::fclose(file);
    return text;
  }
  std::FILE* const sink_ = std::tmpfile();
  const RealClock clock_;
};

TEST_F(JsonLogFileTest, WhatWaitsIsWrittenAtTheEnd) {
  {
    JsonLog log(sink_, &clock_);
    for (int i = 0; i < 100; ++i) log.WriteSoon(LogLevel::kInfo, "line", {{"i", i}});
  }
  EXPECT_NE(Written().find("\"i\":99}\n"), std::string::npos);
}

// Nothing follows the line, and nobody flushes: the test waits for as long as it takes.
TEST_F(JsonLogFileTest, WhatWaitsIsWrittenByItself) {
  JsonLog log(sink_, &clock_);
  for (const char* expected : {"\"i\":1}\n", "\"i\":2}\n"}) {
    log.WriteSoon(LogLevel::kInfo, "line", {{"i", expected[4] - '0'}});
    while (Written().find(expected) == std::string::npos) std::this_thread::yield();
  }
}

TEST_F(JsonLogFileTest, LinesOfSeveralThreadsKeepTheirOrder) {
  {
    JsonLog log(sink_, &clock_);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 500; ++i) {
          if (i % 7 == 0) {
            log.Info("line", {{"thread", t}, {"i", i}});
          } else {
            log.WriteSoon(LogLevel::kInfo, "line", {{"thread", t}, {"i", i}});
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  int next[4] = {0, 0, 0, 0};
  const std::string text = Written();
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const auto json = ParseStrictJson(line);
    ASSERT_TRUE(json.ok()) << line;
    EXPECT_EQ((*json)["i"], next[(*json)["thread"].get<int>()]++);
  }
  for (int n : next) EXPECT_EQ(n, 500);
}

TEST(JsonLogSinkTest, LostLinesAreCountedOneByOne) {
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  const RealClock clock;
  {
    JsonLog log(full, &clock);
    for (int i = 0; i < 3; ++i) log.WriteSoon(LogLevel::kInfo, "lost");
    log.Flush();
    EXPECT_EQ(log.lines_lost(), 3);
  }
  std::fclose(full);
}

TEST(JsonLogSinkTest, ABrokenSinkIsCountedAndSurvived) {
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  const RealClock clock;
  JsonLog log(full, &clock);
  log.Info("lost");
  log.Info("lost");
  EXPECT_EQ(log.lines_lost(), 2);
  std::fclose(full);
}

TEST(LogLevelTest, Names) {
  LogLevel level = LogLevel::kError;
  EXPECT_FALSE(LogLevelFromName("loud", &level));
  EXPECT_EQ(level, LogLevel::kError);
  EXPECT_TRUE(LogLevelFromName("debug", &level));
  EXPECT_EQ(level, LogLevel::kDebug);
}

}  // namespace
}  // namespace signpost::base
