// The page for the young person: what it says, word for word, and that somebody of eleven can read
// it. A changed rendering is a decision; see render_test.cc for how to change the golden file.

#include "adapters/cli/text/statement.h"

#include <cctype>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/text/page.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::map<std::string, std::string>& Names() {
  static const auto* const names = new std::map<std::string, std::string>{
      {"nortown-yot", "Nortown YOT"}, {"northern-connexions", "Northern Connexions"}};
  return *names;
}

signpost::v1::ConsentList Said() {
  signpost::v1::ConsentList list;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
    answered_at { seconds: 1795308428 }
    consents {
      consent_id: "consent-1" decision: CONSENT_DECISION_GIVEN standing: CONSENT_STANDING_IN_FORCE
      kind: CONSENT_KIND_SHARE_CONFIDENTIAL grantor: GRANTOR_SELF ends_at_18: true
      scope {
        holder_agency_ids: "nortown-yot" recipient_agency_ids: "northern-connexions"
        assessment_kinds: "asset" purposes: PURPOSE_SUPPORT_PLANNING
        actions: CONSENT_ACTION_KNOW_OF_ASSESSMENT actions: CONSENT_ACTION_READ
        exceptions { sections: "victims" }
      }
      valid_from { seconds: 1795308428 } valid_until { seconds: 1803081600 }
      conditions: "Do not talk to my uncle about it."
      words_used: "Yes, Maureen can see it."
    }
    consents {
      consent_id: "consent-2" decision: CONSENT_DECISION_REFUSED standing: CONSENT_STANDING_IN_FORCE
      kind: CONSENT_KIND_SHARE_CONFIDENTIAL grantor: GRANTOR_SELF
      scope { recipient_kinds: "housing" }
    }
    consents {
      consent_id: "consent-3" decision: CONSENT_DECISION_GIVEN standing: CONSENT_STANDING_SUPERSEDED
      grantor: GRANTOR_SELF scope { services: "old-thing" }
    })",
                                                            &list));
  return list;
}

TEST(StatementTest, WhatSheReads) {
  const std::string text = RenderStatement(Said(), Names(), "");
  const std::string path = std::string(SIGNPOST_SOURCE_DIR) + "/tests/cli/golden/statement.txt";
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    EXPECT_LE(Columns(std::string(line)), kPageColumns) << line;
  }
  if (std::getenv("SIGNPOST_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteBytes(path, text).ok());
    return;
  }
  const auto golden = ReadBytes(path, 1 << 20);
  ASSERT_TRUE(golden.ok()) << golden.status();
  EXPECT_EQ(text, *golden);
}

TEST(StatementTest, OnlyWhatCountsAndOnlyTheOneAskedFor) {
  const std::string all = RenderStatement(Said(), Names(), "");
  EXPECT_THAT(all, Not(HasSubstr("old-thing")));
  EXPECT_THAT(all, Not(HasSubstr("old thing")));
  EXPECT_THAT(all, HasSubstr("You said no"));
  EXPECT_THAT(RenderStatement(Said(), Names(), "consent-1"), Not(HasSubstr("You said no")));
  const std::string none = RenderStatement(Said(), Names(), "consent-3");
  EXPECT_THAT(none, HasSubstr("no yes and no no"));
  EXPECT_THAT(none, HasSubstr("You can change your mind"));
}

TEST(StatementTest, TheEndIsTheLastWholeDay) {
  // The 18th birthday of somebody born on 17 May, at midnight of summer time.
  signpost::v1::ConsentList list = Said();
  list.mutable_consents(0)->mutable_valid_until()->set_seconds(1810508400);  // 2027-05-16 23:00 UTC
  EXPECT_THAT(RenderStatement(list, Names(), ""), HasSubstr("The last day is 16 May 2027."));
}

// Vowel groups, a last silent e left out: near enough for a grade.
int Syllables(const std::string& word) {
  const auto vowel = [](char c) { return std::string("aeiouy").find(c) != std::string::npos; };
  int count = 0;
  for (size_t i = 0; i < word.size(); ++i) {
    if (vowel(word[i]) && (i == 0 || !vowel(word[i - 1]))) ++count;
  }
  if (count > 1 && word.back() == 'e' && !(word.size() > 2 && word[word.size() - 2] == 'l'))
    --count;
  return std::max(1, count);
}

// Flesch-Kincaid grade: 6 is read at about eleven.
double Grade(const std::string& text) {
  int words = 0;
  int syllables = 0;
  int sentences = 0;
  std::string word;
  for (const char c : text + " ") {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '\'') {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (!word.empty()) {
      ++words;
      syllables += Syllables(word);
      word.clear();
    }
    if (c == '.' || c == '?' || c == '!') ++sentences;
  }
  return 0.39 * words / std::max(1, sentences) + 11.8 * syllables / std::max(1, words) - 15.59;
}

TEST(StatementTest, SomebodyOfElevenCanReadIt) {
  EXPECT_GT(Grade("The information-governance arrangements necessitate explicit authorisation "
                  "preceding any dissemination of confidential documentation."),
            12);  // the measure measures
  const double grade = Grade(RenderStatement(Said(), Names(), ""));
  RecordProperty("grade", std::to_string(grade));
  EXPECT_LT(grade, 6.0);
}

}  // namespace
}  // namespace signpost::adapters::cli
